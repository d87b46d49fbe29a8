// The options of TLS: files of certificates, and the certificates of clients.

import { InvalidOptionError } from '../errors.ts'
import { filePath, oneOf, option } from './option.ts'
import type { Kind, OptionTable } from './option.ts'
import type { TlsFilesSettings } from '../server/tls/options.ts'

/** The options of TLS of a command line. */
export interface TlsFlags {
  /** Paths of PEM files, one for each key; none serves without TLS. */
  cert: readonly string[]
  key: readonly string[]
  ca: string | null
  crl: string | null
  clientCerts: TlsFilesSettings['clientCerts']
  minVersion: '1.2' | '1.3'
  ciphers: string | null
  passphraseFile: string | null
}

/** The defaults of {@link TLS_OPTIONS}. */
export const TLS_FLAG_DEFAULTS: TlsFlags = {
  cert: [],
  key: [],
  ca: null,
  crl: null,
  clientCerts: 'none',
  minVersion: '1.2',
  ciphers: null,
  passphraseFile: null,
}

const files: Kind<readonly string[]> = {
  takes: 'list',
  // An empty variable has no line, and would serve without TLS.
  read: (texts) => (texts.length > 0 ? texts : ['']).flatMap((text) => filePath.read([text]) ?? []),
  from(given, folder) {
    const listed: unknown[] = Array.isArray(given) ? given : [given]
    return listed.map((one) => filePath.from?.(one, folder) ?? '')
  },
  show: () => 'none',
}

const suites: Kind<string | null> = {
  takes: 'value',
  read([text = '']) {
    if (/^[\w!+@=:.-]+$/.test(text)) return text
    throw new InvalidOptionError(
      'must be suites with colons between them; leave the option out for the defaults',
    )
  },
  show: (shown) => shown ?? 'those of Node',
}

/** `--tls-cert`, `--tls-key` and the others. */
export const TLS_OPTIONS: OptionTable<TlsFlags> = {
  cert: option(
    'tls-cert',
    'File of a certificate chain, in PEM: serve HTTPS; repeatable, chosen by the name that a client asks for',
    files,
  ),
  key: option('tls-key', 'File of the private key of the certificate, in PEM; repeatable', files),
  ca: option('tls-ca', 'File of the authorities of client certificates, in PEM', filePath),
  crl: option('tls-crl', 'File of the revoked client certificates, in PEM', filePath),
  clientCerts: option(
    'tls-client-certs',
    'Certificates of clients: none, optional or required',
    oneOf('none', 'optional', 'required'),
  ),
  minVersion: option('tls-min-version', 'Lowest version of TLS: 1.2 or 1.3', oneOf('1.2', '1.3')),
  ciphers: option('tls-ciphers', 'Cipher suites, in the form of OpenSSL', suites),
  passphraseFile: option(
    'tls-passphrase-file',
    'File whose first line is the passphrase of the private keys',
    filePath,
  ),
}
