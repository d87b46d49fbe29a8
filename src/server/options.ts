// The options of serve(), each with its default in one literal.

import { InvalidOptionError } from '../errors.ts'
import type { TlsOptions } from 'node:tls'
import type { Hosting } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'

/** Limits and timers of WebSockets. */
export interface WebSocketOptions {
  /** The longest message, joined and inflated, in bytes; longer ones close with 1009. Default 16 MiB. */
  maxMessageBytes?: number
  /** Messages that may wait for the app before the socket is paused. Default 32. */
  maxQueue?: number
  /** How often a ping is sent, in ms; 0 sends none. Default 20,000. */
  pingIntervalMs?: number
  /** How long an answer to a ping may take, in ms. Default 20,000. */
  pongTimeoutMs?: number
  /** How long the closing handshake may take, in ms. Default 5,000. */
  closeTimeoutMs?: number
  /** Offers permessage-deflate (RFC 7692); it costs memory for every socket. Default false. */
  deflate?: boolean
}

/** The options of {@link serve}. Times are milliseconds, sizes are bytes. */
export interface ServeOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  host?: string
  /** Port to listen on; 0 takes a free one. Default 8000. */
  port?: number
  /** Path of a unix socket to listen on, instead of host and port. Default none. */
  uds?: string | null
  /** Descriptor of a listening socket that this process inherited, instead of host, port and path. Default none. */
  fd?: number | null
  /**
   * Serves HTTPS with these options of `tls.createServer()`: `key` and `cert`, or `pfx`; `ca`, `passphrase`,
   * `requestCert`, `minVersion` … ALPN is the server's. Default none.
   */
  tls?: TlsOptions | null
  /** Connections that may wait to be accepted. Default 2048. */
  backlog?: number
  /** `native`: HTTP/1.1 of our own. `node`: `node:http`. Default `native`. */
  engine?: 'native' | 'node'
  /** Where the server is mounted, as a proxy in front sees it: `/api`. Default none. */
  rootPath?: string
  /** `prepend`: the proxy strips `rootPath`. `verify`: it passes it on, and other paths are 404. Default `prepend`. */
  rootPathMode?: 'prepend' | 'verify'
  /** Header names with an underscore, which hide hyphenated ones in CGI: dropped, refused with 400, or kept. Default `drop`. */
  headerMap?: 'drop' | 'refuse' | 'dangerous'
  /** The `server` field; null leaves it out. Default `isthmus`. */
  serverHeader?: string | null
  /** Whether responses carry `date`. Default true. */
  dateHeader?: boolean
  /** `auto`: apps without lifespan are fine. `on`: they are an error. `off`: it is not run. Default `auto`. */
  lifespan?: 'auto' | 'on' | 'off'
  /** How long an app may take to start up and to shut down. Default 60,000. */
  lifespanTimeoutMs?: number
  /** How long an idle connection stays open. Default 5,000. */
  keepAliveTimeoutMs?: number
  /** How long a request's head may take to arrive. Default 10,000. */
  headTimeoutMs?: number
  /** How long an app that reads waits for the next byte of the body; then 408. Default 30,000. */
  bodyTimeoutMs?: number
  /** How long a client may take nothing of its response before it is cut. Default 30,000. */
  writeTimeoutMs?: number
  /** The longest request head. Default 16 KiB. */
  maxHeadBytes?: number
  /** The longest request line. Default 8 KiB. */
  maxRequestLineBytes?: number
  /** The most header fields of a request. Default 100. */
  maxHeaderFields?: number
  /** The longest request body; then 413. Default Infinity. */
  maxBodyBytes?: number
  /** Requests and WebSockets at once; then 503 with Retry-After. Default Infinity. */
  maxConcurrency?: number
  /** How long `close()` waits for requests in flight before it cancels them. Default 10,000. */
  graceMs?: number
  /** Strings that every environ carries besides the request's own. Default none. */
  environ?: Record<string, string>
  /** Request body that an inline sync app has in memory; what is longer goes to a temporary file. Default 1 MiB. */
  inlineBodyMemory?: number
  /** Runs what threads() hosts inline, on the event loop: to see the difference. Default false. */
  inlineThreads?: boolean
  /** Limits and timers of WebSockets. */
  websocket?: WebSocketOptions
  /** Where the server logs; null keeps it silent. Default: JSON lines on stderr. */
  log?: Log | null
  /** Shows the error in a 500 response: for development only. Default false. */
  debug?: boolean
}

const MIB = 1024 * 1024

type Defaults = Required<Omit<ServeOptions, 'websocket' | 'log'>> & {
  websocket: Required<WebSocketOptions>
}

/** Every default, in one place. */
export const DEFAULTS: Defaults = {
  host: '127.0.0.1',
  port: 8000,
  uds: null,
  fd: null,
  tls: null,
  backlog: 2048,
  engine: 'native',
  rootPath: '',
  rootPathMode: 'prepend',
  headerMap: 'drop',
  serverHeader: 'isthmus',
  dateHeader: true,
  lifespan: 'auto',
  lifespanTimeoutMs: 60_000,
  keepAliveTimeoutMs: 5_000,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  maxHeadBytes: 16 * 1024,
  maxRequestLineBytes: 8 * 1024,
  maxHeaderFields: 100,
  maxBodyBytes: Infinity,
  maxConcurrency: Infinity,
  graceMs: 10_000,
  environ: {},
  inlineBodyMemory: MIB,
  inlineThreads: false,
  websocket: {
    maxMessageBytes: 16 * MIB,
    maxQueue: 32,
    pingIntervalMs: 20_000,
    pongTimeoutMs: 20_000,
    closeTimeoutMs: 5_000,
    deflate: false,
  },
  debug: false,
}

/** All options, each with a value. */
export type Settings = Defaults & { log: Log }

const COUNTS = ['backlog', 'maxHeaderFields', 'maxHeadBytes', 'maxRequestLineBytes'] as const
const BOUNDS = ['maxBodyBytes', 'maxConcurrency', 'inlineBodyMemory'] as const
const TIMES = [
  'lifespanTimeoutMs',
  'keepAliveTimeoutMs',
  'headTimeoutMs',
  'bodyTimeoutMs',
  'writeTimeoutMs',
] as const
const CHOICES = {
  engine: ['native', 'node'],
  rootPathMode: ['prepend', 'verify'],
  headerMap: ['drop', 'refuse', 'dangerous'],
  lifespan: ['auto', 'on', 'off'],
} as const

/**
 * Completes `options` with the defaults.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 */
export function resolveOptions(options: ServeOptions, log: Log): Settings {
  refuseUnknown(options, { ...DEFAULTS, log })
  refuseUnknown(options.websocket ?? {}, DEFAULTS.websocket)

  const settings: Settings = {
    ...DEFAULTS,
    ...defined(options),
    websocket: { ...DEFAULTS.websocket, ...defined(options.websocket ?? {}) },
    log,
  }
  checkNumbers(settings)
  checkChoices(settings)
  checkEnviron(settings.environ)
  settings.rootPath = checkedRootPath(settings.rootPath)
  return settings
}

function refuseUnknown(options: object, known: object): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  throw new InvalidOptionError(
    `unknown option "${unknown}"; the options are ${Object.keys(known).join(', ')}`,
  )
}

function defined<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>
}

function checkNumbers(settings: Settings): void {
  requireNumber(
    'port',
    settings.port,
    (port) => Number.isInteger(port) && port >= 0 && port < 65536,
  )
  requireNumber('fd', settings.fd ?? 0, (fd) => Number.isInteger(fd) && fd >= 0)
  for (const name of COUNTS) requireNumber(name, settings[name], isCount)
  for (const name of BOUNDS) {
    requireNumber(name, settings[name], (value) => value === Infinity || isCount(value))
  }
  for (const name of TIMES) requireNumber(name, settings[name], (value) => value >= 0)
  // A shutdown ends in finite time, always.
  requireNumber('graceMs', settings.graceMs, (value) => value >= 0 && value < Infinity)

  const { deflate: _deflate, ...numbers } = settings.websocket
  for (const [name, value] of Object.entries(numbers)) {
    requireNumber(`websocket.${name}`, value, (number) => Number.isInteger(number) && number >= 0)
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0
}

function requireNumber(name: string, value: number, isValid: (value: number) => boolean): void {
  if (typeof value === 'number' && isValid(value)) return
  throw new InvalidOptionError(`option "${name}" cannot be ${String(value)}`)
}

function checkChoices(settings: Settings): void {
  for (const name of Object.keys(CHOICES) as Array<keyof typeof CHOICES>) {
    const choices: readonly unknown[] = CHOICES[name]
    if (choices.includes(settings[name])) continue
    const all = `${choices.slice(0, -1).join(', ')} or ${String(choices.at(-1))}`
    throw new InvalidOptionError(`option "${name}" cannot be ${settings[name]}: it is ${all}`)
  }
}

function checkEnviron(environ: unknown): void {
  if (typeof environ !== 'object' || environ === null) {
    throw new InvalidOptionError(`option "environ" cannot be ${String(environ)}`)
  }
  const stranger = Object.entries(environ).find(([, value]) => typeof value !== 'string')
  if (stranger === undefined) return
  throw new InvalidOptionError(`option "environ" has a ${stranger[0]} that is no string`)
}

function checkedRootPath(rootPath: string): string {
  const trimmed = rootPath.replace(/\/+$/, '')
  if (trimmed === '' || trimmed.startsWith('/')) return trimmed
  throw new InvalidOptionError(`rootPath must start with "/", got "${rootPath}"`)
}

/** What of the settings concerns the bridges. */
export function hostingOf({ environ, inlineBodyMemory, inlineThreads }: Settings): Hosting {
  return { environ: { ...environ }, inlineBodyMemory, inlineThreads }
}
