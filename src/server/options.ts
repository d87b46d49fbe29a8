// The options of serve(), each with its default in one literal.

import type { TlsOptions } from 'node:tls'
import type { Channels } from '../contract/channels.ts'
import type { Log } from '../contract/log.ts'
import type { Listener } from './listener.ts'
import type { TlsFiles } from './tls/tls-files.ts'
import type { Origins } from './websocket/origins.ts'

/** The limits and timers of WebSockets. */
export interface WebSocketOptions {
  /** The longest message after it is joined and inflated, in bytes; a longer one closes with 1009. Default 16 MiB. */
  maxMessageBytes?: number | undefined
  /** The fragments that one message may have; more close with 1008. Default 65,536. */
  maxFragments?: number | undefined
  /**
   * The messages that may wait for the app before the socket is paused. 256 KiB may wait in any case, so that the server
   * sees the end of the connection, and 1 MiB at most; each message counts 64 bytes besides its own. Default 32.
   */
  maxQueue?: number | undefined
  /**
   * The origins of the web pages that may open a WebSocket; others get 403. `same`: the host of the page is that of the
   * request. A list: origins such as `https://example.org`. Default `*`, all: a page of another site can then open a
   * WebSocket with the cookies of a user. Clients that are no browsers send no origin, and pass.
   *
   * @see RFC 6455, 10.2
   */
  origins?: Origins | undefined
  /** The time between two pings, in ms; 0 sends none. Default 20,000. */
  pingIntervalMs?: number | undefined
  /** How long an answer to a ping may take, in ms. Default 20,000. */
  pongTimeoutMs?: number | undefined
  /** How long the closing handshake may take, in ms. Default 5,000. */
  closeTimeoutMs?: number | undefined
  /** Whether the server offers permessage-deflate (RFC 7692), which needs memory for every socket. Default false. */
  deflate?: boolean | undefined
}

/** How sync apps are hosted. */
export interface SyncOptions {
  /** Strings that every environ has besides those of the request; environs of async-iterable apps too. Default none. */
  environ?: Readonly<Record<string, string>> | undefined
  /**
   * The bytes of a request body that an inline sync app has in memory; a longer body goes to a temporary file.
   * Default 1 MiB.
   */
  maxInlineBodyBytes?: number | undefined
  /** Runs the apps of `threads()` inline, on the event loop, so that both can be compared. Default false. */
  inlineThreads?: boolean | undefined
}

/** The paths of liveness and readiness. */
export interface HealthOptions {
  /** The server answers GET and HEAD of this path with 200 as long as its event loop turns. Default null: none. */
  live?: string | null | undefined
  /**
   * The server answers GET and HEAD of this path with 200; with 503 from the first moment of a shutdown, and while
   * `maxConcurrency` is reached. Default null: none.
   */
  ready?: string | null | undefined
}

/** The options of {@link serve}. Times are milliseconds, sizes are bytes. */
export interface ServeOptions {
  /** The address to listen on. Default `127.0.0.1`. */
  host?: string | undefined
  /** The port to listen on; 0 takes a free one. Default 8000. */
  port?: number | undefined
  /** The path of a unix socket to listen on, instead of host and port. Default none. */
  uds?: string | null | undefined
  /**
   * The permissions of the file of `uds`, which it has from its first moment: `0o660` lets a proxy in the same group
   * connect. A process that connects needs the permission to write. Default null: the umask of the process decides.
   */
  udsMode?: number | null | undefined
  /**
   * The owner of the file of `uds`: `user`, `user:group` or `:group`, each a name or a number. The process needs the right
   * to give files away. Default none: the user of the process.
   */
  udsOwner?: string | null | undefined
  /** The descriptor of an inherited listening socket, instead of host, port and path. Default none. */
  fd?: number | null | undefined
  /**
   * Connections that another part of the program accepts, instead of host, port, path and descriptor. The server ends the
   * listener when it closes. Default none.
   */
  listener?: Listener | null | undefined
  /**
   * Serves HTTPS with these options of `tls.createServer()`: `key` and `cert`, or `pfx`; `ca`, `passphrase`,
   * `requestCert`, `minVersion` … The server sets ALPN itself. Or with {@link tlsFiles}, which follows files. Default none.
   */
  tls?: TlsOptions | TlsFiles | null | undefined
  /**
   * Whether proxies write the PROXY protocol, version 1 or 2, before the first byte of a connection, and before TLS.
   * `always`: each connection begins with its header, and one of a peer that is not trusted is closed. `trusted`:
   * connections of trusted peers begin with it, and others are served as they are. Client and server of the scope are those
   * that the header tells. Default `off`.
   *
   * @see https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt
   */
  proxyProtocol?: 'off' | 'always' | 'trusted' | undefined
  /**
   * The peers that are trusted to tell the client by the PROXY protocol: addresses, ranges such as `10.0.0.0/8`, `loopback`,
   * `private`, `link-local`, `unix`. Default `['loopback', 'unix']`.
   */
  proxyProtocolFrom?: readonly string[] | undefined
  /** The connections that may wait to be accepted. Default 2048. */
  backlog?: number | undefined
  /**
   * The protocol of the connections: `http`, or that of a web server which passes requests on as an application server
   * expects them, `scgi` or `fastcgi`. These two have no TLS and no WebSockets, and the web server sets `date` and
   * `server`. Each peer can tell any address as that of its client: listen on the loopback interface or a unix socket.
   * Default `http`.
   */
  protocol?: 'http' | 'scgi' | 'fastcgi' | undefined
  /** The HTTP/1.1 engine: `native` is that of this package, `node` is `node:http`. Default `native`. */
  engine?: 'native' | 'node' | undefined
  /**
   * Whether clients may speak HTTP/2 (RFC 9113) on the same port: by ALPN under TLS, and without TLS by prior knowledge.
   * Others are served by `engine`. Default false.
   */
  http2?: boolean | undefined
  /** The path under which a proxy mounts this server: `/api`. Default none. */
  rootPath?: string | undefined
  /**
   * `prepend`: the proxy removes `rootPath` from the path. `verify`: the proxy passes the whole path, and the server
   * answers other paths with 404. Default `prepend`.
   */
  rootPathMode?: 'prepend' | 'verify' | undefined
  /**
   * Header names with an underscore, which CGI cannot tell from names with a hyphen. `drop` removes them, `refuse`
   * answers 400, `dangerous` keeps them. Default `drop`.
   */
  headerMap?: 'drop' | 'refuse' | 'dangerous' | undefined
  /** The value of the `server` field; null sends none. Default `isthmus`. */
  serverHeader?: string | null | undefined
  /** Whether responses carry `date`. Default true. */
  dateHeader?: boolean | undefined
  /** `auto`: the app may have no lifespan. `on`: the app must have one. `off`: lifespan is not run. Default `auto`. */
  lifespan?: 'auto' | 'on' | 'off' | undefined
  /** How long an app may take to start up, and to shut down. Default 60,000. */
  lifespanTimeoutMs?: number | undefined
  /** How long an idle connection stays open. Default 5,000. */
  keepAliveTimeoutMs?: number | undefined
  /** How long a request's head may take to arrive. Default 10,000. */
  headTimeoutMs?: number | undefined
  /** How long an app that reads waits for the next bytes of the body; then 408. Default 30,000. */
  bodyTimeoutMs?: number | undefined
  /** How long the server waits for a client that reads nothing of its response; then it cuts. Default 30,000. */
  writeTimeoutMs?: number | undefined
  /** The longest request head. Default 16 KiB. */
  maxHeadBytes?: number | undefined
  /** The longest request line: method, target and version. Default 8 KiB. */
  maxRequestLineBytes?: number | undefined
  /** The most header fields of a request. Default 100. */
  maxHeaderFields?: number | undefined
  /** The longest request body; then 413. Default Infinity. */
  maxBodyBytes?: number | undefined
  /** The most requests and WebSockets at once; further ones get 503 with Retry-After. Default Infinity. */
  maxConcurrency?: number | undefined
  /**
   * How long `close()` keeps an idle connection open for a request that is on its way; at most half of `graceMs`. A
   * proxy that uses a connection again cannot know that the server closes it. Default 1,000.
   */
  drainIdleMs?: number | undefined
  /** How long `close()` waits for requests in flight before it cancels them. Default 10,000. */
  graceMs?: number | undefined
  /** How sync apps are hosted. */
  sync?: SyncOptions | undefined
  /** Closes the server when it aborts, as `close()` does. Default none. */
  signal?: AbortSignal | null | undefined
  /**
   * Whether the server keeps the figures of each mount for `report()`: requests, latencies, the time on the event loop.
   * They cost about 0.4 µs of CPU time for each request. Default false.
   */
  figures?: boolean | undefined
  /**
   * The channels of `isthmus/channels` that apps find at `scope['isthmus.channels']` and `environ['isthmus.channels']`. Their
   * owner closes them. Default null: the server makes `memory()`, and closes it.
   */
  channels?: Channels | null | undefined
  /**
   * Paths for probes. The server answers them before the app and its middleware, also before an access log; they are the
   * paths that the client sends, without `rootPath`.
   */
  health?: HealthOptions | undefined
  /** The limits and timers of WebSockets. */
  websocket?: WebSocketOptions | undefined
  /**
   * The log of the server; null logs nothing. Default: JSON lines on stderr, which never wait for its reader: 4 MiB are
   * kept, and further lines are dropped and counted.
   */
  log?: Log | null | undefined
  /** Whether a 500 response shows the error, for development only. Default false. */
  debug?: boolean | undefined
}

const MIB = 1024 * 1024

type Complete<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> }
type Defaults = Complete<Omit<ServeOptions, 'websocket' | 'sync' | 'health' | 'log'>> & {
  websocket: Complete<WebSocketOptions>
  health: Complete<HealthOptions>
  sync: Complete<SyncOptions>
}

/** The default of every option. */
export const DEFAULTS: Defaults = {
  host: '127.0.0.1',
  port: 8000,
  uds: null,
  udsMode: null,
  udsOwner: null,
  fd: null,
  listener: null,
  tls: null,
  proxyProtocol: 'off',
  proxyProtocolFrom: ['loopback', 'unix'],
  backlog: 2048,
  protocol: 'http',
  engine: 'native',
  http2: false,
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
  drainIdleMs: 1_000,
  graceMs: 10_000,
  signal: null,
  figures: false,
  channels: null,
  health: { live: null, ready: null },
  sync: {
    environ: {},
    maxInlineBodyBytes: MIB,
    inlineThreads: false,
  },
  websocket: {
    maxMessageBytes: 16 * MIB,
    maxFragments: 65_536,
    maxQueue: 32,
    origins: '*',
    pingIntervalMs: 20_000,
    pongTimeoutMs: 20_000,
    closeTimeoutMs: 5_000,
    deflate: false,
  },
  debug: false,
}

/** The options, each with a value. */
export type Settings = Defaults & { log: Log }
