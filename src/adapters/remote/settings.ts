// The options of remote(), each with its default in one literal.

import { checkNumber, completeOptions, invalidOption, isObject } from '../../complete-options.ts'
import { InvalidOptionError } from '../../errors.ts'
import { isFieldValue, isToken } from '../../http/headers.ts'
import { createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContextOptions } from 'node:tls'
import type { Complete, NumberRange } from '../../complete-options.ts'

/** How {@link remote} chooses the target of a request. */
export type RemoteBalance =
  | 'least-pending'
  | 'round-robin'
  | { hash: 'client' | { header: string } | { cookie: string } }

/** When {@link remote} takes a target for dead, and when it takes it back. */
export interface RemoteHealthOptions {
  /** The failures in a row, of requests or of checks, after which a target is down. Default 3. */
  maxFailures?: number | undefined
  /** How long a target is down before one request tries it again, in ms. With `path` the checks decide. Default 10,000. */
  downMs?: number | undefined
  /** The path, with a query if needed, that a check of a target asks for. A status of 200 to 399 is healthy. Default: no checks. */
  path?: string | undefined
  /** The time between two checks of a target, in ms. Default 5,000. */
  intervalMs?: number | undefined
  /** How long a check may take, in ms. Default 2,000. */
  timeoutMs?: number | undefined
  /** How long the share of a target that returns grows from a tenth to the whole, in ms. Default 10,000; 0: at once. */
  slowStartMs?: number | undefined
}

/** TLS to targets with `https:`. @see tls.connect() of Node */
export interface RemoteTlsOptions {
  /** The certificates of the authorities that sign those of the targets. Default: those of Node. */
  ca?: ConnectionOptions['ca'] | undefined
  /** The certificate that remote() shows to the targets, and its key. Default none. */
  cert?: ConnectionOptions['cert'] | undefined
  key?: ConnectionOptions['key'] | undefined
  /** The name that a certificate has to prove. Default: the host name of the target. */
  servername?: string | undefined
  /** Whether a certificate that proves nothing is refused. Default true. */
  rejectUnauthorized?: boolean | undefined
}

/** Options of {@link remote}. */
export interface RemoteOptions {
  /**
   * `least-pending` takes the target with the fewest requests under way, `round-robin` one after the other; a hash of
   * the client's address, a field or a cookie sends equal values to the same target, and a target that goes down moves
   * its own values alone. A request without the field or the cookie goes to the target with the fewest. Default
   * `least-pending`.
   */
  balance?: RemoteBalance | undefined
  /** The most connections for HTTP to one target; WebSockets have their own. Default 1,024. */
  connections?: number | undefined
  /**
   * The most requests that wait for a connection; further ones get 503 with Retry-After. A request waits for
   * `connectTimeoutMs` at most, then it gets 503 too. Default 1,024.
   */
  maxPending?: number | undefined
  /** How long a connection may take to open, in ms; then 504. Default 5,000. */
  connectTimeoutMs?: number | undefined
  /** How long the head of a response may take, all attempts together, in ms; then 504. Default 30,000. */
  headTimeoutMs?: number | undefined
  /**
   * How long a target may send nothing within a response, in ms; then the response is cut. A client that reads slowly
   * does not count. Default 60,000.
   */
  idleTimeoutMs?: number | undefined
  /**
   * How long an unused connection stays open, in ms, below the time after which the target closes it; a `Keep-Alive`
   * field of the target makes it two seconds less than that time. Default 4,000.
   */
  keepAliveMs?: number | undefined
  /**
   * The further attempts of a request that failed, each at another target if there is one. A request is sent again only
   * if nothing of a response has arrived, its method is idempotent and its body is short; with any method if the
   * connection did not open. Default 1.
   */
  retries?: number | undefined
  /** The most bytes of a body that are kept for another attempt. Default 64 KiB. */
  retryBodyBytes?: number | undefined
  /** See {@link RemoteHealthOptions}. */
  health?: RemoteHealthOptions | undefined
  /** The Host field for the target: `keep` for that of the client, `target` for that of the target, or a text. Default `keep`. */
  host?: string | undefined
  /**
   * The fields that tell the target about the client: `x-forwarded` for X-Forwarded-For, -Proto, -Host and -Port,
   * `forwarded` for Forwarded (RFC 7239), `both`, or `none`. Those of the client are never passed on. Default `both`.
   */
  forwarded?: 'x-forwarded' | 'forwarded' | 'both' | 'none' | undefined
  /** With `strip`, the target sees the path without the path of the mount, and X-Forwarded-Prefix with it. Default `keep`. */
  mountPath?: 'keep' | 'strip' | undefined
  /** See {@link RemoteTlsOptions}. */
  tls?: RemoteTlsOptions | undefined
  /** The most bytes of one WebSocket message of a target. Default 16 MiB. */
  maxMessageBytes?: number | undefined
}

type TlsSettings = Record<'ca' | 'cert' | 'key' | 'servername', unknown> & {
  servername: string | undefined
  rejectUnauthorized: boolean | undefined
}
type Flat = Complete<Omit<RemoteOptions, 'health' | 'tls'>>
/** The health options, completed; without a path there are no checks. */
export type HealthSettings = Complete<Omit<RemoteHealthOptions, 'path'>> & {
  path: string | undefined
}
/** The options of {@link remote}, completed. */
export type RemoteSettings = Flat & {
  health: HealthSettings
  tls: TlsSettings
}

/** The default of every option. */
export const REMOTE_DEFAULTS: RemoteSettings = {
  balance: 'least-pending',
  connections: 1_024,
  maxPending: 1_024,
  connectTimeoutMs: 5_000,
  headTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  keepAliveMs: 4_000,
  retries: 1,
  retryBodyBytes: 64 * 1024,
  health: {
    maxFailures: 3,
    downMs: 10_000,
    path: undefined,
    intervalMs: 5_000,
    timeoutMs: 2_000,
    slowStartMs: 10_000,
  },
  host: 'keep',
  forwarded: 'both',
  mountPath: 'keep',
  tls: {
    ca: undefined,
    cert: undefined,
    key: undefined,
    servername: undefined,
    rejectUnauthorized: true,
  },
  maxMessageBytes: 16 * 1024 * 1024,
}

const TIME: NumberRange = { min: 1, isTime: true, isWhole: true }
const COUNT: NumberRange = { min: 0, max: Infinity, isWhole: true }
const RANGES = {
  connections: { min: 1, max: Infinity, isWhole: true },
  maxPending: COUNT,
  connectTimeoutMs: TIME,
  headTimeoutMs: TIME,
  idleTimeoutMs: TIME,
  keepAliveMs: TIME,
  retries: { min: 0, max: 100, isWhole: true },
  retryBodyBytes: { min: 0, isWhole: true },
  maxMessageBytes: { min: 1, isWhole: true },
} satisfies Partial<Record<keyof RemoteOptions, NumberRange>>
const HEALTH_RANGES = {
  maxFailures: { min: 1, max: Infinity, isWhole: true },
  downMs: TIME,
  intervalMs: TIME,
  timeoutMs: TIME,
  slowStartMs: { min: 0, isTime: true },
} satisfies Partial<Record<keyof RemoteHealthOptions, NumberRange>>

const FORWARDED = ['x-forwarded', 'forwarded', 'both', 'none']
const MOUNT_PATHS = ['keep', 'strip']

/**
 * Completes and checks the options of {@link remote}.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function remoteSettings(options: RemoteOptions): RemoteSettings {
  const settings = completeOptions<RemoteSettings>('remote', options, REMOTE_DEFAULTS)
  for (const option of Object.keys(RANGES) as Array<keyof typeof RANGES>) {
    checkNumber('remote', option, settings[option], RANGES[option])
  }
  for (const option of Object.keys(HEALTH_RANGES) as Array<keyof typeof HEALTH_RANGES>) {
    checkNumber('remote', `health.${option}`, settings.health[option], HEALTH_RANGES[option])
  }
  checkPath(settings.health.path)
  checkBalance(settings.balance)
  checkHost(settings.host)
  checkTls(settings.tls)
  checkOneOf('forwarded', settings.forwarded, FORWARDED)
  checkOneOf('mountPath', settings.mountPath, MOUNT_PATHS)
  return settings
}

function checkOneOf(option: string, value: unknown, values: readonly string[]): void {
  if (typeof value === 'string' && values.includes(value)) return
  throw invalidOption('remote', option, value, `it is one of ${values.join(', ')}`)
}

function checkPath(path: unknown): void {
  if (path === undefined || (typeof path === 'string' && /^\/[\x21-\x7e]*$/.test(path))) return
  throw invalidOption('remote', 'health.path', path, 'it is a path such as /healthz')
}

function checkHost(host: unknown): void {
  if (typeof host === 'string' && host !== '' && isFieldValue(host) && !/[\s/@]/.test(host)) return
  throw invalidOption(
    'remote',
    'host',
    host,
    'it is keep, target, or a host such as app.example:80',
  )
}

function checkTls({ servername, ca, cert, key }: TlsSettings): void {
  if (servername !== undefined && (typeof servername !== 'string' || servername === '')) {
    throw invalidOption('remote', 'tls.servername', servername, 'it is a host name')
  }
  try {
    createSecureContext({ ca, cert, key } as SecureContextOptions)
  } catch (error) {
    const { message } = error as Error
    throw new InvalidOptionError(`remote(): the option "tls" does not fit: ${message}`)
  }
}

function checkBalance(balance: unknown): void {
  if (balance === 'least-pending' || balance === 'round-robin') return
  if (isObject(balance) && Object.keys(balance).join() === 'hash' && 'hash' in balance) {
    if (balance.hash === 'client' || isNamed(balance.hash)) return
  }
  const remedy =
    "it is least-pending, round-robin, { hash: 'client' }, { hash: { header: 'x-user' } } or { hash: { cookie: 'sid' } }"
  throw invalidOption('remote', 'balance', balance, remedy)
}

function isNamed(hash: unknown): boolean {
  if (!isObject(hash)) return false
  const [entry, ...others] = Object.entries(hash)
  if (entry === undefined || others.length > 0) return false
  const [kind, name] = entry as [string, unknown]
  return (kind === 'header' || kind === 'cookie') && typeof name === 'string' && isToken(name)
}
