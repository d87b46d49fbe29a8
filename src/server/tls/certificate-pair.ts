// One certificate of a server and its key. New files replace it when they can be used; else the old one stays.

import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { expiryWarning } from './expiry.ts'
import { areEqual, readLater, readNow, stampOf } from './pair-files.ts'
import { secureOptions } from './secure-options.ts'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { Log } from '../../contract/log.ts'
import type { TlsFilesSettings } from './options.ts'
import type { Contents } from './pair-files.ts'
import type { Sources } from './secure-options.ts'

interface Loaded {
  contents: Contents
  options: SecureContextOptions
  context: SecureContext
  leaf: X509Certificate
  /** The names of the certificate, in lower case. */
  names: ReadonlySet<string>
}

/** The report of a look at the files, for the log. */
export interface PairReport {
  level: keyof Log
  fields: Record<string, unknown>
  message: string
}

type Limits = Pick<TlsFilesSettings, 'minVersion' | 'ciphers'>

/** A certificate that follows its files. */
export class CertificatePair {
  readonly #sources: Sources
  readonly #limits: Limits
  #loaded: Loaded
  // The first look reads the files again: they may have changed since the start.
  #stamp = ''
  #fault: string | undefined

  /** @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for files that cannot be used */
  constructor(sources: Sources, limits: Limits) {
    this.#sources = sources
    this.#limits = limits
    this.#loaded = this.#load(readNow(sources.paths, sources.names))
  }

  /** The options of the present certificate. */
  get options(): SecureContextOptions {
    return this.#loaded.options
  }

  get context(): SecureContext {
    return this.#loaded.context
  }

  /** Whether the certificate is for the host `name`; `wildcards`: also by `*.example.org`. */
  hasName(name: string, wildcards: boolean): boolean {
    const { names } = this.#loaded
    const asked = name.toLowerCase()
    if (names.has(asked)) return true
    const dot = asked.indexOf('.')
    return wildcards && dot > 0 && names.has(`*${asked.slice(dot)}`)
  }

  /**
   * Looks at the files. If they have changed and can be used, they replace the certificate: the report has the level `info`.
   * A fault is reported once; the next look tries again, because a program may write the files one after the other.
   */
  async refresh(): Promise<PairReport | null> {
    const { paths, names } = this.#sources
    // Before the read: a change during the read is seen by the next look.
    const stamp = await stampOf(paths)
    if (stamp === this.#stamp && this.#fault === undefined) return null
    this.#stamp = stamp
    try {
      const contents = await readLater(paths, names)
      const isNew = !areEqual(contents, this.#loaded.contents)
      if (isNew) this.#loaded = this.#load(contents)
      this.#fault = undefined
      if (!isNew) return null
      return { level: 'info', fields: this.#fields(), message: 'new TLS files are in use' }
    } catch (error) {
      const { message } = error as Error
      if (message === this.#fault) return null
      this.#fault = message
      return { level: 'error', fields: { err: error }, message: OLD_STAY }
    }
  }

  /** The warning about the end of the certificate; null if it is far. */
  expiry(now: number): PairReport | null {
    const message = expiryWarning(this.#loaded.leaf, now)
    return message === null ? null : { level: 'warn', fields: this.#fields(), message }
  }

  #fields(): PairReport['fields'] {
    const { subjectAltName: names, validTo } = this.#loaded.leaf
    return { file: this.#sources.paths.cert, names, validTo: new Date(validTo).toISOString() }
  }

  #load(contents: Contents): Loaded {
    const options = secureOptions(contents, this.#limits, this.#sources)
    const leaf = new X509Certificate(contents.cert ?? '')
    return { contents, options, context: createSecureContext(options), leaf, names: namesOf(leaf) }
  }
}

// checkHost() costs ten microseconds, and a client can ask for a name that none of a thousand certificates has.
function namesOf({ subjectAltName = '' }: X509Certificate): ReadonlySet<string> {
  const names = subjectAltName.split(', ').filter((name) => name.startsWith('DNS:'))
  return new Set(names.map((name) => name.slice('DNS:'.length).toLowerCase()))
}

const OLD_STAY =
  'changed TLS files cannot be used; the old ones stay, and the server tries again each second'
