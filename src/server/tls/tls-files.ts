// tlsFiles(): certificates from files, which are followed while a server runs.

import { sharedClass } from '../../shared-class.ts'
import { CertificatePair } from './certificate-pair.ts'
import { WARN_EVERY_MS } from './expiry.ts'
import { tlsFilesSettings } from './options.ts'
import type { SecureContext, Server as TlsServer, TLSSocket, TlsOptions } from 'node:tls'
import type { Log } from '../../contract/log.ts'
import type { PairReport } from './certificate-pair.ts'
import type { TlsFilesOptions, TlsFilesSettings } from './options.ts'
import type { PartNames } from './pair-files.ts'

// The file systems of containers replace a link to a folder, and fs.watch() reports no change of the files in it.
const LOOK_MS = 1_000

const NAMES: PartNames = {
  cert: 'tlsFiles(): cert',
  key: 'tlsFiles(): key',
  ca: 'tlsFiles(): ca',
  crl: 'tlsFiles(): crl',
  passphraseFile: 'tlsFiles(): passphraseFile',
}

/**
 * Certificates from files, for the option `tls` of `serve()`. While a server uses them it looks at the files once a second:
 * new ones are in use for the next handshake, and open connections keep theirs. Files that cannot be used, or that do not belong
 * together, change nothing, and the log gets one line. The log warns of a certificate that expires within 14 days.
 *
 * @param options see {@link TlsFilesOptions}
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for files that a server cannot use
 * @see RFC 9525, 6.3: a wildcard stands for one whole label
 *
 * @example
 * const tls = tlsFiles({ pairs: [{ cert: '/etc/tls/fullchain.pem', key: '/etc/tls/privkey.pem' }] })
 * await serve(app, { port: 443, tls })
 */
export function tlsFiles(options: TlsFilesOptions): TlsFiles {
  return new TlsFiles(tlsFilesSettings(options), NAMES)
}

/** The certificates of {@link tlsFiles}. Several servers can share them. */
export class TlsFiles {
  readonly #settings: TlsFilesSettings
  readonly #pairs: readonly CertificatePair[]
  readonly #users = new Set<{ server: TlsServer; log: Log }>()
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #warnedAt = 0

  /** @param names the names of the parts in messages */
  constructor(settings: TlsFilesSettings, names: PartNames) {
    const { pairs, ca, crl, passphraseFile } = settings
    this.#settings = settings
    this.#pairs = pairs.map(({ cert, key }) => {
      return new CertificatePair({ paths: { cert, key, ca, crl, passphraseFile }, names }, settings)
    })
  }

  /** The options of a TLS listener, with the certificates of this moment. */
  listenerOptions(): TlsOptions {
    const { clientCerts } = this.#settings
    return {
      ...this.#pairs[0]?.options,
      requestCert: clientCerts !== 'none',
      rejectUnauthorized: clientCerts === 'required',
      ...(this.#pairs.length > 1 ? { SNICallback: this.#onName } : {}),
    }
  }

  /** Keeps the certificates of `server` up to date. The result ends this. */
  attach(server: TlsServer, log: Log): () => void {
    const user = { server, log }
    this.#users.add(user)
    if (this.#users.size === 1) this.#start()
    return () => {
      this.#users.delete(user)
      if (this.#users.size === 0) clearInterval(this.#timer)
    }
  }

  /** Whether the client may stay. A client without a certificate may, if it is optional; OpenSSL has checked any other. */
  admits(socket: TLSSocket): boolean {
    if (this.#settings.clientCerts !== 'optional') return true
    return socket.authorized || socket.getPeerX509Certificate() === undefined
  }

  readonly #onName = (
    name: string,
    callback: (error: Error | null, context?: SecureContext) => void,
  ): void => {
    const pair =
      this.#pairs.find((one) => one.hasName(name, false)) ??
      this.#pairs.find((one) => one.hasName(name, true))
    callback(null, (pair ?? this.#pairs[0])?.context)
  }

  #start(): void {
    this.#warn()
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref()
  }

  async #look(): Promise<void> {
    // A file system may answer after more than a second.
    if (this.#isLooking) return
    this.#isLooking = true
    const reports = await Promise.all(this.#pairs.map((pair) => pair.refresh()))
    this.#isLooking = false
    for (const report of reports) this.#say(report)
    const isChanged = reports.some((report) => report?.level === 'info')
    if (isChanged) this.#apply()
    if (isChanged || Date.now() - this.#warnedAt >= WARN_EVERY_MS) this.#warn()
  }

  #apply(): void {
    const [first] = this.#pairs
    if (first) for (const { server } of this.#users) server.setSecureContext(first.options)
  }

  #warn(): void {
    this.#warnedAt = Date.now()
    for (const pair of this.#pairs) this.#say(pair.expiry(this.#warnedAt))
  }

  #say(report: PairReport | null): void {
    if (!report) return
    const { level, fields, message } = report
    for (const { log } of this.#users) log[level](fields, message)
  }
}

sharedClass('tls-files.1', TlsFiles)
