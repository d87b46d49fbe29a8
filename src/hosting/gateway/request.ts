// One request on the side of the gateway: `receive` and `send` of the server here, messages to the host there.

import { AsyncResource } from 'node:async_hooks'
import { ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import { carriedValues } from '../../bridge/request-context.ts'
import { getHeader } from '../../http/headers.ts'
import { deferred } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { toErrorData } from '../protocol/error-data.ts'
import { BODY_WINDOW_BYTES, RESPONSE_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import { scopeData } from '../protocol/scope-data.ts'
import { Calls } from './calls.ts'
import { GatewayRequestBody } from './request-body.ts'
import { ResponseParts } from './response-parts.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { EventApp, HttpScope, ReceiveEvent, Send, SendEvent } from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { FailureMessage, PartMessage, RequestMessage, ToHost } from '../protocol/messages.ts'
import type { StoreBounds } from './buffering/byte-store.ts'
import type { Dispatch, PoolRequest, RequestReport } from './pool-request.ts'
import type { HeldSlot } from './scheduler/slots.ts'

/** The three arguments of an event app, and the app that middleware wraps. */
export interface PoolExchange {
  scope: HttpScope
  receive: () => Promise<ReceiveEvent>
  send: Send
  inner: EventApp | undefined
  hasBody: boolean
  /** Whether `receive` has been called already: a client that waits for `100 Continue` has it. */
  isBuffered: boolean
}

/** Lives from the arrival to the end of the response. It may go to a second host as long as the first has not begun. */
export class GatewayRequest implements PoolRequest {
  readonly id: number
  arrivedAt: number
  readonly holdsHost = false
  readonly isEnding = false
  readonly #slot: HeldSlot
  readonly #exchange: PoolExchange
  readonly #responseBounds: StoreBounds
  readonly #carried: Carried
  // The messages of a host arrive in the context of the thread's start. This resource keeps the context of the request.
  readonly #context = new AsyncResource('isthmus.GatewayRequest')
  readonly #ended: Deferred<void> = deferred()
  #post: ((message: ToHost) => void) | undefined
  #body: GatewayRequestBody | undefined
  #response: ResponseParts | undefined
  #calls: Calls | undefined
  #relayed: Promise<unknown> = TAKEN
  #isShuttingDown = false
  #isOver = false

  /**
   * @param arrivedAt the time of the arrival, by the clock of the pool
   * @param responseBounds how much of the response may wait here for the client
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) when a carried value cannot cross
   */
  constructor(
    slot: HeldSlot,
    exchange: PoolExchange,
    arrivedAt: number,
    responseBounds: StoreBounds,
  ) {
    this.id = slot.requestId
    this.arrivedAt = arrivedAt
    this.#slot = slot
    this.#exchange = exchange
    this.#responseBounds = responseBounds
    this.#carried = carriedValues()
    const context = exchange.scope['isthmus.exchange']
    context?.onDisconnect(() => this.cancel(new ClientDisconnectedError()))
    context?.onShutdown(() => {
      this.#isShuttingDown = true
      this.warn()
    })
  }

  /** Resolves when the response was sent whole; rejects with the error of the request. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get waitsForClient(): boolean {
    return (this.#body?.isWaiting ?? false) || (this.#response?.isWaiting ?? false)
  }

  /** Sends the request to a host, in the context of the request: another one may have freed the host. */
  dispatch(dispatch: Dispatch): void {
    this.#context.runInAsyncScope(GatewayRequest.#dispatchOf, undefined, this, dispatch)
  }

  static #dispatchOf(this: void, request: GatewayRequest, dispatch: Dispatch): void {
    request.#dispatch(dispatch)
  }

  #dispatch(dispatch: Dispatch): void {
    const { scope, receive } = this.#exchange
    const { post, sent } = dispatch
    this.#post = post
    const change = sent.state.change(scope.state, scope['isthmus.exchange']?.log)
    if (change) post(change)
    const channels = sent.channels.change(scope['isthmus.channels'])
    if (channels) post(channels)
    const message = this.#message(dispatch)
    post(message)
    if (this.#isShuttingDown) this.warn()
    if (this.#body) return this.#body.sendAgain()
    if (!message.hasBody) return
    const body = new GatewayRequestBody(this, receive, dispatch.isSideBySide)
    this.#body = body
    body.feed(message.bodyWindow)
  }

  /** Takes a message of the host about this request. */
  take(message: RequestReport): void {
    this.#context.runInAsyncScope(() => this.#take(message))
  }

  /** Sends a message to the host that has the request. */
  post(message: ToHost): void {
    this.#post?.(message)
  }

  /** Gives the request up. The host is told even after a whole response: it may still wait for the body. */
  cancel(error: Error): void {
    this.#post?.({ type: 'cancel', id: this.id, error: toErrorData(error) })
    this.fail(error)
  }

  /** The request has failed, and its host knows or is gone. */
  fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#response?.drop()
    this.#calls?.close(error as Error)
    this.#ended.reject(error)
  }

  /** The host has ended the request. The last part may still wait for the client. */
  done(): void {
    this.#afterRelay(() => this.#isOver || this.#response?.isEnding || this.complete())
  }

  /** The response was sent whole. */
  complete(): void {
    this.#isOver = true
    this.#ended.resolve()
  }

  /** Tells the app that the server, or its host, is about to end. A host that gets the request later is told then. */
  warn(): void {
    this.#post?.({ type: 'warn', id: this.id, error: toErrorData(new ServerShutdownError()) })
  }

  #take(message: RequestReport): void {
    this.#body?.hostHasBegun()
    switch (message.type) {
      // The host may have to close a call after the response is over.
      case 'call':
        return this.#openCalls().take(message)
      case 'want':
        if (this.#isOver) return this.#stopHost()
        return this.#body?.feed(message.bytes)
      case 'part':
        if (this.#isOver) return message.end ? undefined : this.#stopHost()
        return this.#respond(message)
      case 'event':
        if (this.#isOver) return this.#stopHost()
        return this.#relay(message.event)
      case 'failure':
        return this.#afterRelay(() => this.#isOver || this.#respond(message))
      // This is for WebSockets.
      case 'watch':
    }
  }

  // Each event of a response with trailers is sent after the one before. An early hint goes at once: a part may follow it.
  #relay(event: SendEvent): void {
    const { send } = this.#exchange
    const isHint = event.type === 'http.response.early_hint'
    const sent = isHint ? send(event) : this.#relayed.then(() => send(event))
    this.#relayed = sent
      .then(() => this.#credit(event))
      .catch((error: Error) => this.#isOver || this.cancel(error))
  }

  #afterRelay(work: () => unknown): void {
    if (this.#relayed === TAKEN) work()
    else this.#relayed.then(work).catch(() => undefined)
  }

  #credit(event: SendEvent): void {
    if (event.type !== 'http.response.body' || this.#isOver) return
    this.#post?.({ type: 'credit', id: this.id, bytes: event.body?.length ?? 0 })
  }

  #respond(message: PartMessage | FailureMessage): void {
    this.#response ??= new ResponseParts(this, this.#exchange.send, this.#responseBounds)
    this.#response.take(message)
  }

  // Without the cancellation the host would wait for credit, or for the body.
  #stopHost(): void {
    this.cancel(new ClientDisconnectedError('the request is over'))
  }

  #openCalls(): Calls {
    const { scope, inner } = this.#exchange
    this.#calls ??= new Calls(this.#slot, scope, inner, (message) => this.#post?.(message))
    return this.#calls
  }

  #message({ deadline, nestedIn, sent, isSideBySide }: Dispatch): RequestMessage {
    const { scope, hasBody, isBuffered } = this.#exchange
    const { headers, 'isthmus.exchange': context } = scope
    const waitsForContinue = !isBuffered && getHeader(headers, 'expect') !== undefined
    const requestId = getHeader(headers, 'x-request-id')
    const traceparent = getHeader(headers, 'traceparent')
    return {
      type: 'request',
      id: this.id,
      scope: scopeData(scope),
      environ: orNull(context?.hosting.environ),
      hasBody,
      // RFC 9110, 10.1.1: a client that waits for 100 waits for the first read of the app.
      bodyWindow: waitsForContinue ? 0 : BODY_WINDOW_BYTES,
      responseWindow: RESPONSE_WINDOW_BYTES,
      nestedIn,
      context: { request: { requestId, traceparent, deadline }, carried: this.#carried },
      extensions: isSideBySide ? sent.http.change(scope.extensions) : null,
    }
  }
}

function orNull(environ: Record<string, string> | undefined): RequestMessage['environ'] {
  return environ && Object.keys(environ).length > 0 ? environ : null
}
