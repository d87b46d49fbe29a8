// testClient(): an app of any style, asked without sockets, answering as it would over one.

import { startLifespan } from '../async/lifespan.ts'
import { SILENT_LOG } from '../silent-log.ts'
import { asEventApp } from '../bridge/as-event-app.ts'
import { Dispatcher } from '../server/dispatcher.ts'
import { resolveOptions } from '../server/options.ts'
import { AppWatch } from './app-runs.ts'
import { TestClient } from './client.ts'
import { MemoryEngine } from './memory-engine.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { ServeOptions } from '../server/options.ts'

/** The options of {@link testClient}: those of `serve()`, of which the ones about sockets have no effect, and its own. */
export interface TestClientOptions extends ServeOptions {
  /** How long each single wait may take, in ms. Default 5,000. */
  deadlineMs?: number
  /** Whether an exception that escaped the app is thrown to the test, instead of shown as a 500. Default true. */
  raiseAppErrors?: boolean
  /** Whether responses carry `date` and `server`. Default true. */
  identity?: boolean
  /** Whether the requests come over TLS, so that the scheme is `https` or `wss`. Default false. */
  secure?: boolean
  /** The client's address. Default `['127.0.0.1', 49152]`. */
  client?: [host: string, port: number] | null
}

/**
 * Starts `app` (lifespan startup included) and returns a client for it. The client drives the same exchange
 * code as the server's engines: status, headers and bytes are what a socket would have carried.
 *
 * @param app a sync, iterable or event app, or a mount table
 * @throws {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`), {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`)
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
  const {
    deadlineMs = 5_000,
    raiseAppErrors = true,
    identity = true,
    secure,
    client,
    ...rest
  } = options
  const log = rest.log ?? SILENT_LOG
  const anonymous = identity ? {} : { serverHeader: null, dateHeader: false }
  const settings = resolveOptions({ ...rest, ...anonymous }, log)

  const watch = new AppWatch(asEventApp(app), raiseAppErrors)
  const lifespan = await startLifespan(watch.app, {
    mode: settings.lifespan,
    startupTimeoutMs: Math.min(settings.lifespanTimeoutMs, deadlineMs),
    shutdownTimeoutMs: Math.min(settings.lifespanTimeoutMs, deadlineMs),
    log,
  })
  watch.lifespan.raise()

  const dispatcher = new Dispatcher(watch.app, lifespan.state, settings)
  const { host, port, maxHeaderFields } = settings
  const side = {
    host,
    port,
    secure: secure ?? false,
    client: client === undefined ? CLIENT : client,
  }
  const engine = new MemoryEngine(dispatcher, watch, { ...side, deadlineMs, maxHeaderFields })
  return new TestClient(engine, watch, lifespan)
}

const CLIENT: [string, number] = ['127.0.0.1', 49_152]
