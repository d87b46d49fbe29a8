// Every option of the command line, except for those of pools. Parser, types, defaults and --help all use these tables.

import { isObject } from '../complete-options.ts'
import { InvalidOptionError } from '../errors.ts'
import { usableCores } from '../usable-cores.ts'
import { parseAppSpec, specIn } from './app-spec.ts'
import { CONTROL_DEFAULTS, CONTROL_OPTIONS } from './control-option.ts'
import { textIn } from './file-value.ts'
import { metricsPlace } from './metrics-place.ts'
import * as kind from './option.ts'
import { option } from './option.ts'
import type { AppSpec } from './app-spec.ts'
import type { DEFAULTS } from '../server/options.ts'
import type { ControlOptions } from './control-option.ts'
import type { MetricsPlace } from './metrics-place.ts'
import type { OptionTable } from './option.ts'

/** Apps by the path that they are mounted at. */
type Mounts = ReadonlyArray<readonly [path: `/${string}`, app: AppSpec]>

/** The options of the command line alone; all others are options of `serve()`. */
export interface ProcessOptions extends ControlOptions {
  /** The configuration file; null looks for one in the working directory, false takes none. */
  config: string | false | null
  mounts: Mounts
  /** The threads of each sync app and each `threads:` app; 0 runs these, and those of every threads() pool, inline. */
  threads: number
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto` is `pretty` on a terminal, else `json`. */
  logFormat: 'auto' | 'pretty' | 'json'
  accessLog: boolean
  /** Takes the client and the scheme from the headers of the proxies. */
  proxyHeaders: boolean
  /** The trusted proxies; null trusts loopback. */
  forwardedAllowIps: readonly string[] | null
  /** The file that keeps the changes of migrations over a restart; null keeps none. */
  migrateState: string | null
  metrics: MetricsPlace
}

/** The options of `serve()` at the top level of {@link DEFAULTS} that have a flag of their own. */
export type ServerDefaults = Omit<
  typeof DEFAULTS,
  'websocket' | 'sync' | 'health' | 'tls' | 'signal' | 'channels' | 'listener'
>

/** The options of `serve()` under `sync` that have a flag of their own. */
export type SyncDefaults = Omit<typeof DEFAULTS.sync, 'inlineThreads'>

/** The defaults of {@link PROCESS_OPTIONS}. */
export const PROCESS_DEFAULTS: ProcessOptions = {
  config: null,
  mounts: [],
  threads: usableCores(),
  logLevel: 'info',
  logFormat: 'auto',
  accessLog: true,
  proxyHeaders: false,
  forwardedAllowIps: null,
  ...CONTROL_DEFAULTS,
  migrateState: null,
  metrics: null,
}

const mountList: kind.Kind<Mounts> = {
  takes: 'list',
  read: readMounts,
  from: mountsIn,
  show: () => 'none',
}

const configFile: kind.Kind<string | false | null> = {
  takes: 'value',
  read: (texts) => (texts.at(-1) === 'none' ? false : kind.filePath.read(texts)),
  from() {
    throw new InvalidOptionError('must be on the command line or in the environment')
  },
  show: () => 'isthmus.config.ts, .js or .json in the working directory',
}

const LARGEST = Number.MAX_SAFE_INTEGER
export const MOST_THREADS = 1_024

/** `--config`, `--mount`, the logs, and the options for the operator. */
export const PROCESS_OPTIONS: OptionTable<ProcessOptions> = {
  config: option('config', 'Configuration file; --no-config takes none', configFile),
  mounts: option('mount', 'One more app, as /PATH=APP; repeatable', mountList),
  threads: option(
    'threads',
    'Threads of each sync app and each threads: app; 0 runs them all on the event loop',
    kind.integer(0, MOST_THREADS),
  ),
  logLevel: option(
    'log-level',
    'Lowest level that is logged: debug, info, warn, error or silent',
    kind.oneOf('debug', 'info', 'warn', 'error', 'silent'),
  ),
  logFormat: option(
    'log-format',
    'pretty, json, or auto: pretty on a terminal, else json',
    kind.oneOf('auto', 'pretty', 'json'),
  ),
  accessLog: option('access-log', 'Log a line for each request', kind.toggle),
  proxyHeaders: option(
    'proxy-headers',
    'Take client and scheme from X-Forwarded-For and X-Forwarded-Proto of trusted proxies',
    kind.toggle,
  ),
  forwardedAllowIps: option(
    'forwarded-allow-ips',
    'Trusted proxies: addresses, CIDR ranges, loopback, private, unix, with commas; * for all',
    kind.addresses,
  ),
  ...CONTROL_OPTIONS,
  migrateState: option(
    'migrate-state',
    'File with the changes that isthmus migrate has made, so that a restart keeps them',
    kind.filePath,
  ),
  metrics: option(
    'metrics',
    'Metrics for Prometheus, on a mount (/PATH) or a server of their own (PORT or HOST:PORT)',
    metricsPlace,
  ),
}

/** The options of `serve()` at its top level. */
export const SERVER_OPTIONS: OptionTable<ServerDefaults> = {
  host: option('host', 'Address to listen on', kind.text),
  port: option('port', 'Port to listen on; 0 takes a free one', kind.integer(0, 65_535)),
  uds: option('uds', 'Unix socket to listen on, instead of host and port', kind.filePath),
  udsMode: option('uds-mode', 'Permissions of the unix socket, such as 660', kind.fileMode),
  udsOwner: option('uds-owner', 'Owner of the unix socket: USER, USER:GROUP or :GROUP', kind.owner),
  fd: option(
    'fd',
    'Inherited descriptor to listen on, instead of host and port',
    kind.optional(kind.integer(0, 2 ** 31 - 1)),
  ),
  proxyProtocol: option(
    'proxy-protocol',
    'PROXY protocol of the proxies in front: off, always, or trusted: others connect without it',
    kind.oneOf('off', 'always', 'trusted'),
  ),
  proxyProtocolFrom: option(
    'proxy-protocol-from',
    'Peers that may tell the client by the PROXY protocol: addresses, ranges, loopback, private, unix; * for all',
    kind.peers,
  ),
  backlog: option(
    'backlog',
    'Most connections that wait to be accepted',
    kind.integer(1, 2 ** 31 - 1),
  ),
  protocol: option(
    'protocol',
    'Protocol of the connections: http, or scgi or fastcgi behind a web server',
    kind.oneOf('http', 'scgi', 'fastcgi'),
  ),
  engine: option(
    'engine',
    'HTTP engine: native, or node for node:http',
    kind.oneOf('native', 'node'),
  ),
  http2: option(
    'http2',
    'Serve HTTP/2 too, on the same port: by ALPN, and without TLS by prior knowledge',
    kind.toggle,
  ),
  rootPath: option('root-path', 'Path at which a proxy mounts this server', kind.pathPrefix),
  rootPathMode: option(
    'root-path-mode',
    'prepend: the proxy strips the root path; verify: the proxy keeps it',
    kind.oneOf('prepend', 'verify'),
  ),
  headerMap: option(
    'header-map',
    'Header names with an underscore: drop, refuse (with 400) or dangerous (keep)',
    kind.oneOf('drop', 'refuse', 'dangerous'),
  ),
  serverHeader: option('server-header', 'The server field; empty for none', kind.optionalText),
  dateHeader: option('date-header', 'Send a date field', kind.toggle),
  lifespan: option(
    'lifespan',
    'Lifespan of the app: auto, on (required) or off',
    kind.oneOf('auto', 'on', 'off'),
  ),
  lifespanTimeoutMs: option(
    'timeout-lifespan',
    'Seconds for the app to start up, and to shut down',
    kind.seconds,
  ),
  keepAliveTimeoutMs: option(
    'timeout-keep-alive',
    'Seconds that an idle connection stays open',
    kind.seconds,
  ),
  headTimeoutMs: option('timeout-head', 'Seconds for a request head to arrive', kind.seconds),
  bodyTimeoutMs: option(
    'timeout-body',
    'Seconds to wait for the next bytes of a request body',
    kind.seconds,
  ),
  writeTimeoutMs: option(
    'timeout-write',
    'Seconds to wait for a client that reads nothing of its response',
    kind.seconds,
  ),
  graceMs: option(
    'timeout-graceful-shutdown',
    'Seconds for requests in flight to end after a signal',
    kind.seconds,
  ),
  drainIdleMs: option(
    'timeout-drain-idle',
    'Seconds that an idle connection stays open for a request on its way, after a signal',
    kind.seconds,
  ),
  maxHeadBytes: option('limit-head', 'Longest request head, in bytes', kind.integer(1, LARGEST)),
  maxRequestLineBytes: option(
    'limit-request-line',
    'Longest request line, in bytes',
    kind.integer(1, LARGEST),
  ),
  maxHeaderFields: option(
    'limit-header-fields',
    'Most header fields of a request',
    kind.integer(1, LARGEST),
  ),
  maxBodyBytes: option('limit-body', 'Longest request body, in bytes', kind.limit(1)),
  maxConcurrency: option(
    'limit-concurrency',
    'Most requests and WebSockets at once; further ones get 503',
    kind.limit(1),
  ),
  figures: option('figures', 'Keep the figures of each mount for a report', kind.toggle),
  debug: option('debug', 'Show errors in responses: for development only', kind.toggle),
}

/** The options of `serve()` under `sync`. */
export const SYNC_OPTIONS: OptionTable<SyncDefaults> = {
  environ: option('environ', 'KEY=VALUE for every environ; repeatable', kind.pairs),
  maxInlineBodyBytes: option(
    'limit-inline-body',
    'Bytes of the request body that an inline app has in memory; the rest is in a file',
    kind.limit(1),
  ),
}

/** The options of `serve()` under `websocket`. */
export const WEBSOCKET_OPTIONS: OptionTable<typeof DEFAULTS.websocket> = {
  maxMessageBytes: option('ws-max-message', 'Longest message, in bytes', kind.integer(1, LARGEST)),
  maxFragments: option('ws-max-fragments', 'Most fragments of a message', kind.integer(1, LARGEST)),
  maxQueue: option('ws-max-queue', 'Most messages that wait for the app', kind.integer(1, LARGEST)),
  origins: option(
    'ws-origins',
    'Origins of the web pages that may open a WebSocket: *, same, or a list with commas',
    kind.origins,
  ),
  pingIntervalMs: option('ws-ping-interval', 'Seconds between pings; 0 for none', kind.seconds),
  pongTimeoutMs: option('ws-ping-timeout', 'Seconds for a pong to arrive', kind.seconds),
  closeTimeoutMs: option('ws-close-timeout', 'Seconds for a closing handshake', kind.seconds),
  deflate: option('ws-deflate', 'Offer compression (permessage-deflate)', kind.toggle),
}

function readMounts(texts: readonly string[]): Mounts {
  const mounts = texts.map(readMount)
  const paths = mounts.map(([path]) => path)
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  if (twice === undefined) return mounts
  throw new InvalidOptionError(`must be given once for each path, and "${twice}" has two`)
}

function mountsIn(given: unknown, folder: string): Mounts {
  if (!isObject(given)) throw new InvalidOptionError('must be an object of paths and apps')
  const texts = Object.entries(given).map(([path, app]) => `${path}=${textIn(app)}`)
  return readMounts(texts).map(([path, app]) => [path, specIn(app, folder)])
}

function readMount(text: string): Mounts[number] {
  const [, path, app] = /^((?:\/[^/=]+)+)\/?=(.+)$/s.exec(text) ?? []
  if (path !== undefined && app !== undefined) return [path as `/${string}`, parseAppSpec(app)]
  throw new InvalidOptionError('must be /PATH=APP; the root "/" belongs to the first APP')
}
