// One request on the side of the gateway: receive() and send() here, messages there.

import { deferred } from '../../async/deferred.ts'
import { ClientDisconnected, ServerShutdown } from '../../errors.ts'
import { getHeader } from '../../headers.ts'
import { contextOf } from '../context.ts'
import { hasBody } from '../has-body.ts'
import { Calls } from './calls.ts'
import { fromErrorData, toErrorData } from './error-data.ts'
import type { Deferred } from '../../async/deferred.ts'
import type { EventApp, HttpScope, Receive, Send } from '../../contract/events.ts'
import type { HeldSlot } from './held-slots.ts'
import type {
  BodyMessage,
  CallMessage,
  FailureMessage,
  PartMessage,
  RequestMessage,
  ToHost,
  WantMessage,
} from './messages.ts'

const BODY_WINDOW = 64 * 1024
const RESPONSE_WINDOW = 256 * 1024

/** What a request is made of: the three arguments of an event app, and the app that middleware wraps. */
export interface PoolExchange {
  scope: HttpScope
  receive: Receive
  send: Send
  inner: EventApp | undefined
}

/** From dispatch to the end of the response. Whoever runs it may have it taken back, as long as it has not begun. */
export class PoolRequest {
  readonly id: number
  readonly #scope: HttpScope
  readonly #receive: Receive
  readonly #send: Send
  readonly #calls: Calls
  readonly #ended: Deferred<void> = deferred()
  #post: ((message: ToHost) => void) | undefined
  #parts: PartMessage[] = []
  #pumping = false
  #wantedBytes = 0
  #feeding = false
  #isOver = false
  // Until the host has begun, the request may go to another one, and what was sent has to be sent again.
  #sentBody: BodyMessage[] | undefined = []

  constructor(slot: HeldSlot, { scope, receive, send, inner }: PoolExchange) {
    this.id = slot.requestId
    this.#scope = scope
    this.#receive = receive
    this.#send = send
    this.#calls = new Calls(slot, scope, inner, (message) => this.#post?.(message))
    const connection = scope['isthmus.connection']
    connection?.onDisconnect(() => this.cancel(new ClientDisconnected()))
    connection?.onShutdown(() => {
      this.#post?.({ type: 'warn', id: this.id, error: toErrorData(new ServerShutdown()) })
    })
  }

  /** Resolves when the response was sent whole; rejects with what went wrong. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Nobody waits for it any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Begins on a host, which is reached by `post`. */
  dispatch(post: (message: ToHost) => void, { deadline, nestedIn }: Dispatch): void {
    const isFirst = this.#post === undefined
    const message = this.#message(deadline, nestedIn)
    this.#post = post
    post(message)
    for (const body of this.#sentBody ?? []) post(body)
    if (isFirst && message.hasBody) this.#feed(message.bodyWindow)
  }

  take(message: WantMessage | PartMessage | FailureMessage | CallMessage): void {
    // A call may still have to be closed when nobody waits for the response any more.
    if (message.type === 'call') return this.#calls.take(message)
    if (this.#isOver) return
    this.#sentBody = undefined
    switch (message.type) {
      case 'want':
        return this.#feed(message.bytes)
      case 'failure':
        return this.fail(fromErrorData(message.error))
      case 'part':
        this.#parts.push(message)
        if (!this.#pumping) this.#pump().catch(() => undefined)
    }
  }

  /** Gives the request up; its host is told. */
  cancel(error: Error): void {
    if (this.#isOver) return
    this.#post?.({ type: 'cancel', id: this.id, error: toErrorData(error) })
    this.fail(error)
  }

  /** The request has failed, and its host knows or is no more. */
  fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts = []
    this.#calls.close(error as Error)
    this.#ended.reject(error)
  }

  #message(deadline: number | undefined, nestedIn: number | null): RequestMessage {
    const { 'isthmus.connection': connection, state: _state, ...scope } = this.#scope
    const waits = getHeader(scope.headers, 'expect') !== undefined
    return {
      type: 'request',
      id: this.id,
      scope,
      environ: connection?.hosting.environ ?? {},
      hasBody: hasBody(this.#scope),
      // RFC 9110, 10.1.1: a client that waits for 100 waits for the app's first read.
      bodyWindow: waits ? 0 : BODY_WINDOW,
      responseWindow: RESPONSE_WINDOW,
      nestedIn,
      context: contextOf({
        requestId: getHeader(scope.headers, 'x-request-id'),
        traceparent: getHeader(scope.headers, 'traceparent'),
        deadline,
      }),
    }
  }

  #feed(bytes: number): void {
    this.#wantedBytes += bytes
    if (!this.#feeding) this.#feedWanted().catch(() => undefined)
  }

  async #feedWanted(): Promise<void> {
    this.#feeding = true
    try {
      while (this.#wantedBytes > 0 && !this.#isOver) {
        const event = await this.#receive()
        if (event.type !== 'http.request') return this.cancel(new ClientDisconnected())
        this.#wantedBytes -= event.body.length
        this.#sendBody({ type: 'body', id: this.id, chunk: event.body, last: !event.moreBody })
        if (!event.moreBody) return
      }
    } catch (error) {
      this.cancel(error as Error)
    }
    this.#feeding = false
  }

  #sendBody(message: BodyMessage): void {
    this.#sentBody?.push(message)
    this.#post?.(message)
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      for (let part = this.#parts.shift(); part; part = this.#parts.shift()) await this.#pass(part)
    } catch (error) {
      this.cancel(error as Error)
    }
    this.#pumping = false
  }

  async #pass({ head, chunk, end }: PartMessage): Promise<void> {
    if (head) this.#send({ type: 'http.response.start', ...head }).catch(() => undefined)
    await this.#send({ type: 'http.response.body', body: chunk ?? '', moreBody: !end })
    if (end) {
      this.#isOver = true
      return this.#ended.resolve()
    }
    if (chunk !== null) this.#post?.({ type: 'credit', id: this.id, bytes: chunk.length })
  }
}

/** How a request comes to a host. */
interface Dispatch {
  /** When it times out, in ms since the epoch; undefined for never. */
  deadline: number | undefined
  /** The request in whose call it runs; null: in its turn. */
  nestedIn: number | null
}
