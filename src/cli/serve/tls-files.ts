// The certificates of a command line: each --tls-cert belongs to the --tls-key at the same place.

import { InvalidOptionError } from '../../errors.ts'
import { TlsFiles } from '../../server/tls/tls-files.ts'
import type { PartNames } from '../../server/tls/pair-files.ts'
import type { TlsFlags } from '../tls-options.ts'

const FLAGS: PartNames = {
  cert: '--tls-cert',
  key: '--tls-key',
  ca: '--tls-ca',
  crl: '--tls-crl',
  passphraseFile: '--tls-passphrase-file',
}

/**
 * Reads the files of a command line. Returns null for a server without TLS.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if one of a pair is missing, or if the server cannot use
 *   a file
 */
export function readTls(flags: TlsFlags): TlsFiles | null {
  const { cert, key, minVersion, ...settings } = flags
  const { ca, clientCerts } = settings
  checkTogether(flags)
  if (cert.length === 0) return null
  if (clientCerts !== 'none' && ca === null) {
    throw new InvalidOptionError(`--tls-client-certs ${clientCerts} needs --tls-ca as well`)
  }
  const pairs = cert.map((file, index) => ({ cert: file, key: key[index] ?? '' }))
  return new TlsFiles({ ...settings, pairs, minVersion: `TLSv${minVersion}` }, FLAGS)
}

function checkTogether({ cert, key, ca, clientCerts }: TlsFlags): void {
  if (cert.length === 0 && key.length > 0) {
    throw new InvalidOptionError('--tls-key needs --tls-cert as well')
  }
  if (cert.length > 0 && key.length === 0) {
    throw new InvalidOptionError('--tls-cert needs --tls-key as well')
  }
  if (cert.length !== key.length) {
    const counts = `${cert.length} and ${key.length}`
    throw new InvalidOptionError(`each --tls-cert needs one --tls-key, got ${counts}`)
  }
  if (cert.length === 0 && (ca !== null || clientCerts !== 'none')) {
    throw new InvalidOptionError(
      'the certificates of clients need --tls-cert and --tls-key as well',
    )
  }
}
