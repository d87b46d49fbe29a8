// The options of node:tls for one certificate, made from the contents of its files and checked.

import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { InvalidOptionError } from '../../errors.ts'
import { tlsFault } from '../tls-fault.ts'
import type { SecureContextOptions } from 'node:tls'
import type { TlsFilesSettings } from './options.ts'
import type { Contents, Part, PartNames, Paths } from './pair-files.ts'

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g
const REVOCATIONS = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g

/** The files of a pair, and their names in messages. */
export interface Sources {
  paths: Paths
  names: PartNames
}

/**
 * Makes the options of one certificate.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) with the name of the part that cannot be used
 */
export function secureOptions(
  contents: Contents,
  { minVersion, ciphers }: Pick<TlsFilesSettings, 'minVersion' | 'ciphers'>,
  sources: Sources,
): SecureContextOptions {
  const { cert, key, passphraseFile } = contents
  const options: SecureContextOptions = { cert, key, minVersion }
  if (passphraseFile) options.passphrase = firstLine(passphraseFile)
  checkPair(options, sources)
  if (contents.ca) options.ca = blocksOf('ca', contents.ca, sources).map(checkedAuthority(sources))
  // OpenSSL reads the first list of a text only.
  if (contents.crl) options.crl = blocksOf('crl', contents.crl, sources)
  if (ciphers !== null) options.ciphers = ciphers
  try {
    createSecureContext(options)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const name =
      code === 'ERR_SSL_NO_CIPHER_MATCH' ? `the ciphers "${ciphers}"` : named('crl', sources)
    throw new InvalidOptionError(`${name} cannot be used: ${message}`)
  }
  return options
}

function checkPair(options: SecureContextOptions, sources: Sources): void {
  const fault = tlsFault(options)
  if (!fault) return
  const { part, reason } = fault
  const [key, cert] = [named('key', sources), named('cert', sources)]
  const names: Record<string, string> = { cert, key }
  const name = names[part ?? ''] ?? `${key} and ${cert}`
  throw new InvalidOptionError(`${name} ${reason}`)
}

function named(part: Part, { names, paths }: Sources): string {
  return `${names[part]} ${paths[part]}`
}

function firstLine(file: Buffer): string {
  return file.toString('utf8').split(/\r?\n/, 1)[0] ?? ''
}

function blocksOf(part: 'ca' | 'crl', file: Buffer, sources: Sources): string[] {
  const [blocks, kind] = part === 'ca' ? [CERTIFICATES, 'certificate'] : [REVOCATIONS, 'X509 CRL']
  const text = file.toString('latin1')
  const found = text.match(blocks) ?? []
  const line = `-----BEGIN ${kind.toUpperCase()}-----`
  const begun = text.split(line).length - 1
  if (begun > 0 && begun === found.length) return found
  // A program may have written a part of the file: the last authority or list would be missing in silence.
  const reason =
    begun === 0
      ? `is no ${kind} in PEM: it has no line ${line}`
      : `is damaged: one of its blocks has no end`
  throw new InvalidOptionError(`${named(part, sources)} ${reason}`)
}

// createSecureContext() accepts damaged authorities in silence, and then trusts none.
function checkedAuthority(sources: Sources): (pem: string) => string {
  return (pem) => {
    try {
      return new X509Certificate(pem).toString()
    } catch (error) {
      const { message } = error as Error
      throw new InvalidOptionError(`${named('ca', sources)} is damaged: ${message}`)
    }
  }
}
