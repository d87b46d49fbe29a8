// testClient(): sends requests to an app of any style without sockets. The answers are those that a socket would carry.

import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import { SILENT_LOG } from '../silent-log.ts'
import { asEventApp } from '../bridge/as-event-app.ts'
import { openDispatcher } from '../server/open-dispatcher.ts'
import { DEFAULTS as SERVE_DEFAULTS } from '../server/options.ts'
import { resolveOptions } from '../server/resolve-options.ts'
import { AppWatch } from './app-watch.ts'
import { TestClient } from './client.ts'
import { CookieJar } from './cookie-jar.ts'
import { MemoryEngine } from './memory-engine.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { Log } from '../contract/log.ts'
import type { ServeOptions } from '../server/options.ts'

/**
 * The options of {@link testClient}: all options of `serve()`, and its own.
 *
 * The options of `serve()` that concern sockets are checked and have no further effect: `uds`, `fd`, `tls`, `proxyProtocol`,
 * `backlog`, `engine`, `keepAliveTimeoutMs`, `headTimeoutMs`, `writeTimeoutMs`, `maxHeadBytes`,
 * `maxRequestLineBytes`, `graceMs`, and those of `websocket` except `maxQueue`. `host` and `port` are the address
 * that the app sees as the server's. `lifespanTimeoutMs` is 30,000 by default, and `log` is silent.
 * `signal` closes the client when it aborts.
 */
export interface TestClientOptions extends ServeOptions {
  /** How long each single wait may take, in ms. Default 5,000. */
  deadlineMs?: number | undefined
  /** Throws an error that escaped the app to the test, instead of the answer with status 500. Default true. */
  raiseAppErrors?: boolean | undefined
  /** Whether responses carry `date` and `server`. Default true. */
  identity?: boolean | undefined
  /** Whether the requests come over TLS, so that the scheme is `https` or `wss`. Default false. */
  secure?: boolean | undefined
  /** The client's address; null for a client without one. Default `['127.0.0.1', 49152]`. */
  client?: [host: string, port: number] | null | undefined
  /**
   * Whether the client keeps cookies (RFC 6265): those that a response or a WebSocket handshake sets are sent with later
   * requests that fit their domain, path, scheme and lifetime, unless a request has a `cookie` header. Default false.
   */
  cookies?: boolean | undefined
}

const DEFAULTS = {
  ...SERVE_DEFAULTS,
  log: null as Log | null,
  // The threads of an app start in this time. A test that hangs is not to wait a minute.
  lifespanTimeoutMs: 30_000,
  deadlineMs: 5_000,
  raiseAppErrors: true,
  identity: true,
  secure: false,
  client: ['127.0.0.1', 49_152] as [host: string, port: number] | null,
  cookies: false,
}

/**
 * Starts `app` (lifespan startup included) and returns a client for it. The client drives the same exchange
 * code as the engines of the server: status, headers and bytes are those that a socket would carry.
 *
 * @param app a sync, iterable or event app, or a mount table
 * @throws {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`), {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`),
 *   or the reason of `options.signal` when that aborts before the app has started
 *
 * @example
 * await using client = await testClient(app)
 * const response = await client.get('/hello?name=world')
 * expect(response.text()).toBe('Hello, world\n')
 */
export async function testClient(
  app: HostedApp,
  options: TestClientOptions = {},
): Promise<TestClient> {
  const completed = completeOptions('testClient', options, DEFAULTS)
  const { deadlineMs, raiseAppErrors, identity, secure, client, cookies, log, ...serveOptions } =
    completed
  checkNumber('testClient', 'deadlineMs', deadlineMs, { min: 1, max: Infinity, isTime: true })
  if (client !== null && !isAddress(client)) {
    throw invalidOption('testClient', 'client', client, 'it is [host, port], or null')
  }
  const anonymous = identity ? {} : { serverHeader: null, dateHeader: false }
  const settings = resolveOptions(
    { ...serveOptions, ...anonymous },
    log ?? SILENT_LOG,
    'testClient',
  )
  const { host, port, signal } = settings
  signal?.throwIfAborted()

  const watch = new AppWatch(asEventApp(app), raiseAppErrors)
  const { dispatcher, lifespan } = await openDispatcher(watch.app, settings)
  watch.lifespan.raise()
  const jar = cookies ? new CookieJar({ host: host.toLowerCase(), path: '/', secure }) : null
  const engine = new MemoryEngine(dispatcher, watch, {
    host,
    port,
    secure,
    client,
    deadlineMs,
    maxHeaderFields: settings.maxHeaderFields,
    jar,
  })
  const testClient = new TestClient({ engine, watch, lifespan, signal, jar })
  if (!signal?.aborted) return testClient
  await testClient.close()
  throw signal.reason
}

function isAddress(client: unknown): boolean {
  if (!Array.isArray(client)) return false
  const [host, port] = client as unknown[]
  return typeof host === 'string' && Number.isInteger(port)
}
