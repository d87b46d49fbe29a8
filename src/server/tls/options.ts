// The options of tlsFiles(), each with its default in one literal.

import { completeOptions, invalidOption, isObject } from '../../complete-options.ts'
import type { Complete } from '../../complete-options.ts'

/** The files of one certificate, in PEM. */
export interface TlsPair {
  /** The path of the certificate chain: the certificate of the server first. */
  cert: string
  /** The path of its private key. */
  key: string
}

/** The options of {@link tlsFiles}. */
export interface TlsFilesOptions {
  /**
   * The certificates of the server, at least one. A client gets the first one with the name that it asks for; a client that
   * asks for another name, or for none, gets the first of the list.
   *
   * @see RFC 6066, 3 and RFC 9525, 6.3
   */
  pairs: readonly TlsPair[]
  /** The path of the authorities that sign certificates of clients, in PEM. Default none. */
  ca?: string | null | undefined
  /** The path of the revocation lists of these authorities, in PEM. Default none. */
  crl?: string | null | undefined
  /**
   * Whether clients present a certificate that `ca` has signed. `required`: the server closes a connection without one.
   * `optional`: a client may have none, and the server closes a connection with one that `ca` has not signed. Default `none`:
   * the server does not ask.
   */
  clientCerts?: 'none' | 'optional' | 'required' | undefined
  /** The lowest version of TLS. Default `TLSv1.2`. */
  minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** The cipher suites in the form of OpenSSL. Default null: those of Node. */
  ciphers?: string | null | undefined
  /** The path of a file whose first line is the passphrase of the private keys. Default none. */
  passphraseFile?: string | null | undefined
}

/** The options, each with a value. */
export type TlsFilesSettings = Complete<TlsFilesOptions>

/** The default of every option. */
const DEFAULTS: TlsFilesSettings = {
  pairs: [],
  ca: null,
  crl: null,
  clientCerts: 'none',
  minVersion: 'TLSv1.2',
  ciphers: null,
  passphraseFile: null,
}

const CHOICES = {
  clientCerts: ['none', 'optional', 'required'],
  minVersion: ['TLSv1.2', 'TLSv1.3'],
} as const

/**
 * Completes the options of `tlsFiles()`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function tlsFilesSettings(options: TlsFilesOptions): TlsFilesSettings {
  const settings = completeOptions('tlsFiles', options, DEFAULTS)
  const { pairs, ca, clientCerts } = settings
  const fail = (option: string, value: unknown, remedy: string): never => {
    throw invalidOption('tlsFiles', option, value, remedy)
  }
  if (!Array.isArray(pairs) || pairs.length === 0 || !pairs.every(isPair)) {
    fail('pairs', pairs, 'it is a list of objects with the paths cert and key, at least one')
  }
  for (const name of ['ca', 'crl', 'ciphers', 'passphraseFile'] as const) {
    const value: unknown = settings[name]
    if (value !== null && !isText(value)) fail(name, value, `it is ${FORMS[name]}, or null`)
  }
  for (const name of ['clientCerts', 'minVersion'] as const) {
    const choices: readonly string[] = CHOICES[name]
    if (!choices.includes(settings[name])) fail(name, settings[name], `it is ${orOf(choices)}`)
  }
  if (clientCerts !== 'none' && ca === null) {
    fail('ca', ca, 'clientCerts needs the authorities that sign the certificates of the clients')
  }
  return settings
}

const FORMS = {
  ca: 'the path of a file',
  crl: 'the path of a file',
  ciphers: 'a list of suites in the form of OpenSSL',
  passphraseFile: 'the path of a file',
}

function isPair(value: unknown): boolean {
  if (!isObject(value)) return false
  return isText(Reflect.get(value, 'cert')) && isText(Reflect.get(value, 'key'))
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== ''
}

function orOf(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}
