// The client of one app: requests, streams and WebSockets, each wait with a deadline.

import { collect, collectDenial } from './collect.ts'
import { inTime } from './deadline.ts'
import { HandshakeDeniedError } from './faults.ts'
import { blame, finished } from './open.ts'
import { StreamedResponse } from './streamed-response.ts'
import { WebSocketSession } from './websocket-session.ts'
import type { Lifespan } from '../async/lifespan.ts'
import type { ServerStats } from '../server/stats.ts'
import type { AppWatch } from './app-runs.ts'
import type { MemoryEngine, TestHandshake } from './memory-engine.ts'
import type { Open } from './open.ts'
import type { TestRequest } from './request.ts'
import type { TestResponse } from './response.ts'

interface ClientParts {
  engine: MemoryEngine
  watch: AppWatch
  lifespan: Lifespan
  signal: AbortSignal | null
}

/** A client of one app, in its process. Whoever made it closes it; `await using` does. */
export class TestClient implements AsyncDisposable {
  readonly #engine: MemoryEngine
  readonly #watch: AppWatch
  readonly #lifespan: Lifespan
  readonly #opened = new Set<Open>()
  readonly #closed = new AbortController()
  #closing: Promise<void> | undefined

  constructor({ engine, watch, lifespan, signal }: ClientParts) {
    this.#engine = engine
    this.#watch = watch
    this.#lifespan = lifespan
    const close = (): void => void this[Symbol.asyncDispose]().catch(ignore)
    signal?.addEventListener('abort', close, { signal: this.#closed.signal })
  }

  /** What the app's lifespan has put into `scope.state`. */
  get state(): Record<string, unknown> {
    return this.#lifespan.state
  }

  /** The counters of the server, as `server.stats()` returns them. Each open request and WebSocket is a connection. */
  stats(): ServerStats {
    return this.#engine.stats()
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
   * @throws {@link ResponseCutError} (`ISTHMUS_TEST_RESPONSE_CUT`) for a response that is not whole,
   *   {@link DeadlinePassedError} (`ISTHMUS_TEST_DEADLINE`), and what escaped the app
   */
  async request(method: string, target: string, request: TestRequest = {}): Promise<TestResponse> {
    const exchange = this.#open(this.#engine.http(method, target, request))
    const { disconnect } = request
    const leaves = typeof disconnect === 'object' && 'receivedBytes' in disconnect
    const collected = collect(exchange.transport, leaves ? disconnect.receivedBytes : null)

    const response = await this.#wait(exchange, collected, 'the end of the response to')
    await finished(exchange)
    this.#opened.delete(exchange)
    return response
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
    const head = await this.#wait(exchange, exchange.transport.response.head, 'the head of')
    exchange.run.raise()
    return new StreamedResponse(exchange, head)
  }

  /**
   * Opens a WebSocket: resolves once the app has accepted it.
   *
   * @throws {@link HandshakeDeniedError} (`ISTHMUS_TEST_HANDSHAKE_DENIED`) with the response that the app gave instead,
   *   {@link ResponseCutError}, {@link DeadlinePassedError}, and what escaped the app
   */
  async websocket(target: string, handshake: TestHandshake = {}): Promise<WebSocketSession> {
    const socket = this.#open(this.#engine.websocket(target, handshake))
    const answer = await this.#wait(socket, socket.transport.answer, 'the answer to')
    socket.run.raise()
    if (answer.type === 'accepted') return new WebSocketSession(socket, answer)

    const denial = await this.#wait(socket, collectDenial(answer.response), 'the denial of')
    await finished(socket)
    throw new HandshakeDeniedError(denial)
  }

  /**
   * Leaves every open exchange, waits for the app, and runs the lifespan shutdown. Further calls return the same
   * promise. Throws the first error that escaped the app and reached no test.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    for (const { transport } of this.#opened) transport.abandon()
    const ends = await Promise.allSettled([...this.#opened].map(finished))
    await this.#lifespan.shutdown()
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    this.#watch.lifespan.raise()
  }

  async #wait<Value>(open: Open, awaited: Promise<Value>, what: string): Promise<Value> {
    try {
      return await inTime(awaited, open.deadlineMs, () => `${what} ${open.name}`)
    } catch (fault) {
      throw await blame(open, fault)
    }
  }

  #open<Opened extends Open>(opened: Opened): Opened {
    this.#opened.add(opened)
    return opened
  }
}

// The test that disposes of the client gets the error.
function ignore(): void {}
