// The client of one app: requests, streamed responses and WebSockets, each with a deadline for every wait.

import { InvalidOptionError } from '../errors.ts'
import { readResponse, readDenial } from './read-response.ts'
import { inTime } from './deadline.ts'
import { HandshakeDeniedError } from './faults.ts'
import { appEnded, causeOf } from './open-exchange.ts'
import { StreamedResponse } from './streamed-response.ts'
import { WebSocketSession } from './websocket-session.ts'
import type { Lifespan } from '../async/lifespan.ts'
import type { ServerStats } from '../server/stats.ts'
import type { AppWatch } from './app-watch.ts'
import type { CookieJar } from './cookie-jar.ts'
import type { MemoryEngine, TestHandshake } from './memory-engine.ts'
import type { OpenExchange } from './open-exchange.ts'
import type { TestRequest } from './request.ts'
import type { TestResponse } from './test-response.ts'

interface ClientParts {
  engine: MemoryEngine
  watch: AppWatch
  lifespan: Lifespan
  signal: AbortSignal | null
  jar: CookieJar | null
}

/** A client of one app, in the same process. The test that makes the client closes it; `await using` does. */
export class TestClient implements AsyncDisposable {
  readonly #engine: MemoryEngine
  readonly #watch: AppWatch
  readonly #lifespan: Lifespan
  readonly #jar: CookieJar | null
  readonly #opened = new Set<OpenExchange>()
  readonly #closed = new AbortController()
  #closing: Promise<void> | undefined

  /** @internal */
  constructor({ engine, watch, lifespan, signal, jar }: ClientParts) {
    this.#jar = jar
    this.#engine = engine
    this.#watch = watch
    this.#lifespan = lifespan
    const close = (): void => void this.close().catch(ignore)
    signal?.addEventListener('abort', close, { signal: this.#closed.signal })
  }

  /** The `scope.state` of the app's lifespan. */
  get state(): Record<string, unknown> {
    return this.#lifespan.state
  }

  /**
   * The cookies of the client.
   *
   * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) without the option `cookies`
   */
  get cookies(): CookieJar {
    if (this.#jar !== null) return this.#jar
    throw new InvalidOptionError(
      'this client keeps no cookies: pass { cookies: true } to testClient()',
    )
  }

  /** The counters of the server, as `server.stats()` returns them. Each open request and WebSocket is a connection. */
  stats(): ServerStats {
    return this.#engine.stats()
  }

  /** Sends a GET request; for parameters and errors see {@link TestClient.request}. */
  get(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('GET', target, request)
  }

  /** Sends a HEAD request; for parameters and errors see {@link TestClient.request}. */
  head(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('HEAD', target, request)
  }

  /** Sends a OPTIONS request; for parameters and errors see {@link TestClient.request}. */
  options(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('OPTIONS', target, request)
  }

  /** Sends a POST request; for parameters and errors see {@link TestClient.request}. */
  post(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('POST', target, request)
  }

  /** Sends a PUT request; for parameters and errors see {@link TestClient.request}. */
  put(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('PUT', target, request)
  }

  /** Sends a PATCH request; for parameters and errors see {@link TestClient.request}. */
  patch(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('PATCH', target, request)
  }

  /** Sends a DELETE request; for parameters and errors see {@link TestClient.request}. */
  delete(target: string, request?: TestRequest): Promise<TestResponse> {
    return this.request('DELETE', target, request)
  }

  /**
   * Sends a request, reads the whole response, and waits until the app has ended, so that an error after the last
   * byte reaches the test too. A test of an app that still works after its response uses {@link stream}.
   *
   * @param target path and query as the client sends them, percent-encoded
   * @param request the headers, the body and the behaviour of the client; default: a request without a body
   * @throws {@link ResponseCutError} (`ISTHMUS_TEST_RESPONSE_CUT`) for a response that is not whole,
   *   {@link DeadlinePassedError} (`ISTHMUS_TEST_DEADLINE`), and the error that escaped the app
   */
  async request(method: string, target: string, request: TestRequest = {}): Promise<TestResponse> {
    const exchange = this.#open(this.#engine.http(method, target, request))
    const { disconnect } = request
    const leaves = typeof disconnect === 'object' && 'receivedBytes' in disconnect
    const whole = readResponse(exchange.transport, leaves ? disconnect.receivedBytes : null)

    const response = await this.#wait(exchange, whole, 'the end of the response to')
    await appEnded(exchange)
    this.#opened.delete(exchange)
    return response
  }

  /**
   * Sends a request and resolves when the head has arrived. The test reads the body by iterating over the response.
   *
   * @throws the errors of {@link TestClient.request}
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
   * Opens a WebSocket, and resolves when the app has accepted it.
   *
   * @throws {@link HandshakeDeniedError} (`ISTHMUS_TEST_HANDSHAKE_DENIED`) with the response that the app sent instead,
   *   {@link ResponseCutError} (`ISTHMUS_TEST_RESPONSE_CUT`), {@link DeadlinePassedError} (`ISTHMUS_TEST_DEADLINE`), and
   *   the error that escaped the app
   */
  async websocket(target: string, handshake: TestHandshake = {}): Promise<WebSocketSession> {
    const socket = this.#open(this.#engine.websocket(target, handshake))
    const answer = await this.#wait(socket, socket.transport.answer, 'the answer to')
    socket.run.raise()
    if (answer.type === 'accepted') return new WebSocketSession(socket, answer)

    const denial = await this.#wait(socket, readDenial(answer.response), 'the denial of')
    await appEnded(socket)
    throw new HandshakeDeniedError(denial)
  }

  /**
   * Leaves every open exchange, waits for the app, and runs the lifespan shutdown, which ends the threads of the app.
   * Further calls return the same promise. Throws the first error that escaped the app and reached no test.
   *
   * @example
   * afterEach(() => client.close())
   */
  close(): Promise<void> {
    this.#closed.abort()
    return (this.#closing ??= this.#close())
  }

  /** Does the same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    for (const { transport } of this.#opened) transport.abandon()
    const ends = await Promise.allSettled([...this.#opened].map(appEnded))
    await this.#lifespan.shutdown()
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    this.#watch.lifespan.raise()
  }

  async #wait<Value>(
    exchange: OpenExchange,
    awaited: Promise<Value>,
    part: string,
  ): Promise<Value> {
    try {
      return await inTime(awaited, exchange.deadlineMs, () => `${part} ${exchange.name}`)
    } catch (fault) {
      throw await causeOf(exchange, fault)
    }
  }

  #open<Opened extends OpenExchange>(opened: Opened): Opened {
    this.#opened.add(opened)
    return opened
  }
}

// The test that disposes of the client gets the error.
function ignore(): void {}
