// One request on the side of the gateway: receive() and send() here, messages there.

import { AsyncResource } from 'node:async_hooks'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import { getHeader } from '../../http/headers.ts'
import { carriedValues } from '../../bridge/request-context.ts'
import { hasBody } from '../../http/content.ts'
import { Calls } from './calls.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { scopeData } from '../protocol/scope-data.ts'
import { BODY_WINDOW, RESPONSE_WINDOW } from '../protocol/flow-windows.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { EventApp, HttpScope, Receive, Send } from '../../contract/events.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { HeldSlot } from './held-slots.ts'
import type {
  BodyMessage,
  CallMessage,
  FailureMessage,
  PartMessage,
  RequestMessage,
  ToHost,
  WantMessage,
} from '../protocol/messages.ts'
import type { SentState } from './sent-state.ts'

/** What a request is made of: the three arguments of an event app, and the app that middleware wraps. */
export interface PoolExchange {
  scope: HttpScope
  receive: Receive
  send: Send
  inner: EventApp | undefined
}

/** How a request comes to a host. */
interface Dispatch {
  post: (message: ToHost) => void
  /** What the host knows of lifespan's state. */
  state: SentState
  /** When it times out, in ms since the epoch; undefined for never. */
  deadline: number | undefined
  /** The request in whose call it runs; null: in its turn. */
  nestedIn: number | null
}

/** From dispatch to the end of the response. Whoever runs it may have it taken back, as long as it has not begun. */
export class GatewayRequest {
  readonly id: number
  readonly #scope: HttpScope
  readonly #receive: Receive
  readonly #send: Send
  readonly #slot: HeldSlot
  readonly #inner: EventApp | undefined
  #calls: Calls | undefined
  readonly #carried: Carried
  // Hosts report in the context of whoever started them; what they say is this request's all the same.
  readonly #context = new AsyncResource('isthmus.GatewayRequest')
  readonly #ended: Deferred<void> = deferred()
  #post: ((message: ToHost) => void) | undefined
  #parts: Array<PartMessage | FailureMessage> = []
  #pumping = false
  #wantedBytes = 0
  #feeding = false
  #isOver = false
  // Until the host has begun, the request may go to another one, and what was sent has to be sent again.
  #sentBody: BodyMessage[] | undefined = []

  /** @throws {@link AppError} (`ISTHMUS_APP_FAULT`) when a carried value cannot cross */
  constructor(slot: HeldSlot, { scope, receive, send, inner }: PoolExchange) {
    this.id = slot.requestId
    this.#scope = scope
    this.#receive = receive
    this.#send = send
    this.#carried = carriedValues()
    this.#slot = slot
    this.#inner = inner
    const connection = scope['isthmus.exchange']
    connection?.onDisconnect(() => this.cancel(new ClientDisconnectedError()))
    connection?.onShutdown(() => {
      this.#post?.({ type: 'warn', id: this.id, error: toErrorData(new ServerShutdownError()) })
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

  /** Begins on a host. */
  dispatch(dispatch: Dispatch): void {
    const isFirst = this.#post === undefined
    const { post, state } = dispatch
    this.#post = post
    const change = state.change(this.#scope.state, this.#scope['isthmus.exchange']?.log)
    if (change) post(change)
    const message = this.#message(dispatch)
    post(message)
    for (const body of this.#sentBody ?? []) post(body)
    if (isFirst && message.hasBody) {
      this.#context.runInAsyncScope(() => this.#feed(message.bodyWindow))
    }
  }

  take(message: WantMessage | PartMessage | FailureMessage | CallMessage): void {
    this.#context.runInAsyncScope(() => this.#take(message))
  }

  /** Gives the request up; its host is told, also when the response is whole: it may be waiting for the body. */
  cancel(error: Error): void {
    this.#post?.({ type: 'cancel', id: this.id, error: toErrorData(error) })
    this.fail(error)
  }

  /** The request has failed, and its host knows or is no more. */
  fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts = []
    this.#calls?.close(error as Error)
    this.#ended.reject(error)
  }

  #take(message: WantMessage | PartMessage | FailureMessage | CallMessage): void {
    this.#sentBody = undefined
    switch (message.type) {
      // A call may still have to be closed when nobody waits for the response any more.
      case 'call':
        return this.#openCalls().take(message)
      case 'want':
        if (this.#isOver) return this.cancel(new ClientDisconnectedError('the request is over'))
        return this.#feed(message.bytes)
      case 'part':
      case 'failure':
        if (this.#isOver) return
        this.#parts.push(message)
        if (!this.#pumping) this.#pump()
    }
  }

  #openCalls(): Calls {
    this.#calls ??= new Calls(this.#slot, this.#scope, this.#inner, (message) =>
      this.#post?.(message),
    )
    return this.#calls
  }

  #message({ deadline, nestedIn }: Dispatch): RequestMessage {
    const { headers, 'isthmus.exchange': connection } = this.#scope
    const waits = getHeader(headers, 'expect') !== undefined
    const requestId = getHeader(headers, 'x-request-id')
    const traceparent = getHeader(headers, 'traceparent')
    return {
      type: 'request',
      id: this.id,
      scope: scopeData(this.#scope),
      environ: orNull(connection?.hosting.environ),
      hasBody: hasBody(this.#scope),
      // RFC 9110, 10.1.1: a client that waits for 100 waits for the app's first read.
      bodyWindow: waits ? 0 : BODY_WINDOW,
      responseWindow: RESPONSE_WINDOW,
      nestedIn,
      context: { request: { requestId, traceparent, deadline }, carried: this.#carried },
    }
  }

  #feed(bytes: number): void {
    this.#wantedBytes += bytes
    if (!this.#feeding) this.#feedWanted().catch(() => undefined)
  }

  async #feedWanted(): Promise<void> {
    this.#feeding = true
    try {
      while (this.#wantedBytes > 0) {
        const event = await this.#receive()
        if (event.type !== 'http.request') return this.cancel(new ClientDisconnectedError())
        const { body, moreBody } = event
        this.#wantedBytes -= body.length
        this.#sendBody({ type: 'body', id: this.id, chunk: ownBytes(body), last: !moreBody })
        if (!moreBody) return
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

  // No async functions: of most responses there is one part, and every promise more would be one in four.
  #pump(): void {
    const part = this.#parts.shift()
    this.#pumping = part !== undefined
    if (!part) return
    if (part.type === 'failure') return this.fail(fromErrorData(part.error))
    this.#pass(part).then(
      () => {
        this.#passed(part)
        this.#pump()
      },
      (error: Error) => this.cancel(error),
    )
  }

  #pass({ head, chunk, end }: PartMessage): Promise<void> {
    try {
      // A start that is refused has its body refused.
      if (head) {
        const { status, headers } = head
        this.#send({ type: 'http.response.start', status, headers }).catch(ignore)
      }
      return Promise.resolve(
        this.#send({ type: 'http.response.body', body: chunk ?? '', moreBody: !end }),
      )
    } catch (error) {
      return rejected(error)
    }
  }

  #passed({ chunk, end }: PartMessage): void {
    if (end) {
      this.#isOver = true
      this.#ended.resolve()
    } else if (chunk !== null) {
      this.#post?.({ type: 'credit', id: this.id, bytes: chunk.length })
    }
  }
}

function ignore(): void {}

function orNull(environ: Record<string, string> | undefined): RequestMessage['environ'] {
  return environ && Object.keys(environ).length > 0 ? environ : null
}
