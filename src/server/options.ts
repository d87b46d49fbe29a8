// The options of serve(), each with its default in one literal.

import type { TlsOptions } from 'node:tls'
import type { Log } from '../contract/log.ts'

/** Limits and timers of WebSockets. */
export interface WebSocketOptions {
  /** The longest message, joined and inflated, in bytes; longer ones close with 1009. Default 16 MiB. */
  maxMessageBytes?: number | undefined
  /** Messages that may wait for the app before the socket is paused. Default 32. */
  maxQueue?: number | undefined
  /** How often a ping is sent, in ms; 0 sends none. Default 20,000. */
  pingIntervalMs?: number | undefined
  /** How long an answer to a ping may take, in ms. Default 20,000. */
  pongTimeoutMs?: number | undefined
  /** How long the closing handshake may take, in ms. Default 5,000. */
  closeTimeoutMs?: number | undefined
  /** Offers permessage-deflate (RFC 7692); it costs memory for every socket. Default false. */
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

/** The options of {@link serve}. Times are milliseconds, sizes are bytes. */
export interface ServeOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  host?: string | undefined
  /** Port to listen on; 0 takes a free one. Default 8000. */
  port?: number | undefined
  /** Path of a unix socket to listen on, instead of host and port. Default none. */
  uds?: string | null | undefined
  /** Descriptor of a listening socket that this process inherited, instead of host, port and path. Default none. */
  fd?: number | null | undefined
  /**
   * Serves HTTPS with these options of `tls.createServer()`: `key` and `cert`, or `pfx`; `ca`, `passphrase`,
   * `requestCert`, `minVersion` … ALPN is the server's. Default none.
   */
  tls?: TlsOptions | null | undefined
  /** Connections that may wait to be accepted. Default 2048. */
  backlog?: number | undefined
  /** `native`: HTTP/1.1 of our own. `node`: `node:http`. Default `native`. */
  engine?: 'native' | 'node' | undefined
  /** Where the server is mounted, as a proxy in front sees it: `/api`. Default none. */
  rootPath?: string | undefined
  /** `prepend`: the proxy strips `rootPath`. `verify`: it passes it on, and other paths are 404. Default `prepend`. */
  rootPathMode?: 'prepend' | 'verify' | undefined
  /** Header names with an underscore, which hide hyphenated ones in CGI: dropped, refused with 400, or kept. Default `drop`. */
  headerMap?: 'drop' | 'refuse' | 'dangerous' | undefined
  /** The `server` field; null leaves it out. Default `isthmus`. */
  serverHeader?: string | null | undefined
  /** Whether responses carry `date`. Default true. */
  dateHeader?: boolean | undefined
  /** `auto`: apps without lifespan are fine. `on`: they are an error. `off`: it is not run. Default `auto`. */
  lifespan?: 'auto' | 'on' | 'off' | undefined
  /** How long an app may take to start up and to shut down. Default 60,000. */
  lifespanTimeoutMs?: number | undefined
  /** How long an idle connection stays open. Default 5,000. */
  keepAliveTimeoutMs?: number | undefined
  /** How long a request's head may take to arrive. Default 10,000. */
  headTimeoutMs?: number | undefined
  /** How long an app that reads waits for the next byte of the body; then 408. Default 30,000. */
  bodyTimeoutMs?: number | undefined
  /** How long a client may take nothing of its response before it is cut. Default 30,000. */
  writeTimeoutMs?: number | undefined
  /** The longest request head. Default 16 KiB. */
  maxHeadBytes?: number | undefined
  /** The longest request line. Default 8 KiB. */
  maxRequestLineBytes?: number | undefined
  /** The most header fields of a request. Default 100. */
  maxHeaderFields?: number | undefined
  /** The longest request body; then 413. Default Infinity. */
  maxBodyBytes?: number | undefined
  /** Requests and WebSockets at once; then 503 with Retry-After. Default Infinity. */
  maxConcurrency?: number | undefined
  /** How long `close()` waits for requests in flight before it cancels them. Default 10,000. */
  graceMs?: number | undefined
  /** How sync apps are hosted. */
  sync?: SyncOptions | undefined
  /** Closes the server when it aborts, as `close()` does. Default none. */
  signal?: AbortSignal | null | undefined
  /** Limits and timers of WebSockets. */
  websocket?: WebSocketOptions | undefined
  /** Where the server logs; null keeps it silent. Default: JSON lines on stderr. */
  log?: Log | null | undefined
  /** Shows the error in a 500 response: for development only. Default false. */
  debug?: boolean | undefined
}

const MIB = 1024 * 1024

type Complete<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> }
type Defaults = Complete<Omit<ServeOptions, 'websocket' | 'sync' | 'log'>> & {
  websocket: Complete<WebSocketOptions>
  sync: Complete<SyncOptions>
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
  signal: null,
  sync: {
    environ: {},
    maxInlineBodyBytes: MIB,
    inlineThreads: false,
  },
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
