// testClient(): an app of any style, asked without sockets, answering as it would over one.

import { startLifespan } from '../async/lifespan.ts'
import { SILENT_LOG } from '../async/silent-log.ts'
import { asEventApp } from '../bridge/as-event-app.ts'
import { Dispatcher } from '../server/dispatcher.ts'
import { resolveOptions } from '../server/options.ts'
import { AppWatch } from './app-runs.ts'
import { collect, collectDenial } from './collect.ts'
import { within } from './deadline.ts'
import { HandshakeDenied } from './faults.ts'
import { MemoryEngine } from './memory-engine.ts'
import { StreamedResponse } from './streamed-response.ts'
import { WebSocketSession } from './websocket-session.ts'
import type { Lifespan } from '../async/lifespan.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { ServeOptions } from '../server/options.ts'
import type { TestHandshake } from './memory-engine.ts'
import type { TestRequest } from './request.ts'
import type { TestResponse } from './response.ts'
import type { OpenExchange } from './streamed-response.ts'
import type { OpenSocket } from './websocket-session.ts'

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

type Open = OpenExchange | OpenSocket

/**
 * Starts `app` (lifespan startup included) and returns a client for it. The client drives the same exchange
 * code as the server's engines: status, headers and bytes are what a socket would have carried.
 *
 * @param app a sync, iterable or event app, or a mount table
 * @throws {@link LifespanFailed} (`ISTHMUS_LIFESPAN_FAILED`), {@link InvalidOption} (`ISTHMUS_INVALID_OPTION`)
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
  const { host, port } = settings
  const side = {
    host,
    port,
    secure: secure ?? false,
    client: client === undefined ? CLIENT : client,
  }
  const engine = new MemoryEngine(dispatcher, watch, { ...side, deadlineMs })
  return new TestClient(engine, watch, lifespan)
}

const CLIENT: [string, number] = ['127.0.0.1', 49_152]

/** A client of one app, in its process. Whoever made it closes it; `await using` does. */
export class TestClient implements AsyncDisposable {
  readonly #engine: MemoryEngine
  readonly #watch: AppWatch
  readonly #lifespan: Lifespan
  readonly #opened = new Set<Open>()

  constructor(engine: MemoryEngine, watch: AppWatch, lifespan: Lifespan) {
    this.#engine = engine
    this.#watch = watch
    this.#lifespan = lifespan
  }

  /** What the app's lifespan has put into `scope.state`. */
  get state(): Record<string, unknown> {
    return this.#lifespan.state
  }

  /** As {@link request}. */
  get(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('GET', target, request)
  }

  /** As {@link request}. */
  head(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('HEAD', target, request)
  }

  /** As {@link request}. */
  options(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('OPTIONS', target, request)
  }

  /** As {@link request}. */
  post(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('POST', target, request)
  }

  /** As {@link request}. */
  put(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('PUT', target, request)
  }

  /** As {@link request}. */
  patch(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('PATCH', target, request)
  }

  /** As {@link request}. */
  delete(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('DELETE', target, request)
  }

  /**
   * Sends a request and reads the whole response, then waits until the app has ended, so that what it does
   * after its last byte is seen too. For an app that works on in the background there is {@link stream}.
   *
   * @param target path and query as they are sent: percent-encoded
   * @throws {@link ResponseCut} (`ISTHMUS_TEST_RESPONSE_CUT`) for a response that is not whole,
   *   {@link DeadlinePassed} (`ISTHMUS_TEST_DEADLINE`), and what escaped the app
   */
  async request(method: string, target: string, request: TestRequest = {}): Promise<TestResponse> {
    const exchange = this.#open(this.#engine.http(method, target, request))
    const { transport, run, name, deadlineMs } = exchange
    const { disconnect } = request
    const leaves = typeof disconnect === 'object' && 'receivedBytes' in disconnect
    const collected = collect(transport, leaves ? disconnect.receivedBytes : null)
    try {
      return await within(collected, deadlineMs, () => `the end of the response to ${name}`)
    } finally {
      transport.leave('the client gave up')
      await run.ended(deadlineMs, () => `the end of the app's work on ${name}`)
      run.raise()
    }
  }

  /**
   * Sends a request and returns once the head is there; the body is read by iterating over the response.
   *
   * @throws as {@link request}
   */
  async stream(
    method: string,
    target: string,
    request: TestRequest = {},
  ): Promise<StreamedResponse> {
    const exchange = this.#open(this.#engine.http(method, target, request))
    const { transport, run, name, deadlineMs } = exchange
    const head = await within(transport.response.head, deadlineMs, () => `the head of ${name}`)
    run.raise()
    return new StreamedResponse(exchange, head)
  }

  /**
   * Opens a WebSocket: resolves once the app has accepted it.
   *
   * @throws {@link HandshakeDenied} (`ISTHMUS_TEST_HANDSHAKE_DENIED`) with the response that the app gave instead,
   *   {@link ResponseCut}, {@link DeadlinePassed}, and what escaped the app
   */
  async websocket(target: string, handshake: TestHandshake = {}): Promise<WebSocketSession> {
    const socket = this.#open(this.#engine.websocket(target, handshake))
    const { transport, run, name, deadlineMs } = socket
    const answer = await within(transport.answer, deadlineMs, () => `the answer to ${name}`)
    run.raise()
    if (answer.type === 'accepted') return new WebSocketSession(socket, answer)

    const denial = collectDenial(answer.response)
    throw new HandshakeDenied(await within(denial, deadlineMs, () => `the denial of ${name}`))
  }

  /** Leaves what is still open, waits for the app, runs lifespan shutdown; throws what had escaped the app unseen. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { transport } of this.#opened) transport.leave('the client was closed')
    for (const { run, name, deadlineMs } of this.#opened) {
      await run.ended(deadlineMs, () => `the end of the app's work on ${name}`)
    }
    await this.#lifespan.shutdown()
    for (const { run } of this.#opened) run.raise()
    this.#watch.lifespan.raise()
  }

  #open<Opened extends Open>(opened: Opened): Opened {
    this.#opened.add(opened)
    return opened
  }
}
