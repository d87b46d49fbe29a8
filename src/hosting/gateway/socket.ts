// One WebSocket on the side of the gateway: `receive` and `send` of the server here, messages to the host there.

import { AsyncResource } from 'node:async_hooks'
import { ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import { carriedValues } from '../../bridge/request-context.ts'
import { getHeader } from '../../http/headers.ts'
import { deferred } from '../../waiting/deferred.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { MESSAGE_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import { weightOf } from '../protocol/message-weight.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { webSocketData } from '../protocol/scope-data.ts'
import { Calls } from './calls.ts'
import { EventSends } from './event-sends.ts'
import { denialParts } from './socket-denial.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { ReceiveEvent, Send, SendEvent, WebSocketScope } from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { OpenMessage, PartMessage, ToHost } from '../protocol/messages.ts'
import type { StoreBounds } from './buffering/byte-store.ts'
import type { Dispatch, PoolRequest, RequestReport } from './pool-request.ts'
import type { ResponseParts } from './response-parts.ts'
import type { HeldSlot } from './scheduler/slots.ts'

/** The facts about the pool of a socket. */
interface SocketPlace {
  /** Whether the app is a sync app, so that the socket holds its host. */
  holdsHost: boolean
  /** How much of the denial of a sync app may wait here for the client. */
  responses: StoreBounds
}

/** The three arguments of an event app. */
export interface SocketExchange {
  scope: WebSocketScope
  receive: () => Promise<ReceiveEvent>
  send: Send
}

/** Passes events of one WebSocket on, in both directions and within a window. */
export class GatewaySocket implements PoolRequest {
  readonly id: number
  arrivedAt: number
  readonly #slot: HeldSlot
  readonly #exchange: SocketExchange
  readonly #place: SocketPlace
  readonly #carried: Carried = carriedValues()
  // The messages of a host arrive in the context of the thread's start. This resource keeps the context of the WebSocket.
  readonly #context = new AsyncResource('isthmus.GatewaySocket')
  readonly #ended: Deferred<void> = deferred()
  #post: ((message: ToHost) => void) | undefined
  #room = MESSAGE_WINDOW_BYTES
  #isReading = false
  #isAccepted = false
  #isClosed = false
  #isWarned = false
  // The last event.
  #disconnect: ReceiveEvent | undefined
  readonly #sends: EventSends
  #owed = 0
  // The response of a sync app that denies the handshake.
  #denial: ResponseParts | undefined
  #calls: Calls | undefined
  #isOver = false

  /**
   * @param arrivedAt the time of the arrival, by the clock of the pool
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) when a carried value cannot cross
   */
  constructor(slot: HeldSlot, exchange: SocketExchange, arrivedAt: number, place: SocketPlace) {
    this.id = slot.requestId
    this.arrivedAt = arrivedAt
    this.#slot = slot
    this.#exchange = exchange
    this.#place = place
    this.#sends = new EventSends(this, exchange.send)
    const context = exchange.scope['isthmus.exchange']
    context?.onDisconnect(() => this.#clientLeft())
    context?.onShutdown(() => this.#tellShutdown())
  }

  get ended(): Promise<void> {
    return this.#ended.promise
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get holdsHost(): boolean {
    return this.#place.holdsHost
  }

  // Its end is near, and the page of the client may be opening the next one.
  get isEnding(): boolean {
    return this.#isOver || this.#isClosed || !!this.#disconnect || !!this.#denial?.isEnding
  }

  // A WebSocket waits for its client most of the time, and counts.
  get waitsForClient(): boolean {
    return false
  }

  dispatch(dispatch: Dispatch): void {
    this.#context.runInAsyncScope(() => this.#dispatch(dispatch))
  }

  take(message: RequestReport): void {
    // The host may have to close a call after the socket is over.
    if (message.type === 'call') return this.#openCalls().take(message)
    if (this.#isOver) return
    switch (message.type) {
      case 'event':
        return this.#context.runInAsyncScope(() => this.#relay(message.event))
      case 'want':
        this.#room += message.bytes
        return this.#context.runInAsyncScope(() => this.#read())
      case 'failure':
        // After the events that came before it.
        if (this.#denial) return this.#denial.take(message)
        return this.#afterSending(() => this.fail(fromErrorData(message.error)))
      case 'part':
        return this.#context.runInAsyncScope(() => this.#deny(message))
      case 'watch':
        // The server gives an app that has taken its signal the grace to end the WebSocket itself.
        return void this.#exchange.scope['isthmus.exchange']?.signal
    }
  }

  done(): void {
    this.#afterSending(() => this.#denial?.isEnding || this.complete())
  }

  post(message: ToHost): void {
    this.#post?.(message)
  }

  cancel(error: Error): void {
    this.#post?.({ type: 'cancel', id: this.id, error: toErrorData(error) })
    this.fail(error)
  }

  fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#denial?.drop()
    this.#calls?.close(error as Error)
    this.#ended.reject(error)
  }

  complete(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#ended.resolve()
  }

  warn(): void {
    this.#tellShutdown()
    this.#isWarned = true
    if (this.#isAccepted) this.#goAway()
  }

  #tellShutdown(): void {
    this.#post?.({ type: 'warn', id: this.id, error: toErrorData(new ServerShutdownError()) })
  }

  // A blocked app does not see its signal, and its thread is about to be replaced.
  #goAway(): void {
    if (!this.holdsHost || this.#disconnect || this.#isOver) return
    const event = { code: 1001, reason: 'the thread is replaced' }
    this.#sends.push({ type: 'websocket.close', ...event })
    this.#disconnect = { type: 'websocket.disconnect', ...event }
    this.#post?.({ type: 'event', id: this.id, event: this.#disconnect })
  }

  // A host learns it from the last event, after the messages that the server still holds. They are few, so an app that does not
  // receive gets them beyond its window.
  #clientLeft(): void {
    if (!this.#post) return this.fail(new ClientDisconnectedError())
    this.#room = Infinity
    this.#context.runInAsyncScope(() => this.#read())
  }

  #dispatch({ post, sent }: Dispatch): void {
    const { scope } = this.#exchange
    this.#post = post
    const change = sent.state.change(scope.state, scope['isthmus.exchange']?.log)
    if (change) post(change)
    const channels = sent.channels.change(scope['isthmus.channels'])
    if (channels) post(channels)
    post(this.#message(sent.websocket.change(scope.extensions)))
    // Another host has got it, which gave the WebSocket back.
    if (this.#disconnect) post({ type: 'event', id: this.id, event: this.#disconnect })
    this.#read()
  }

  #message(extensions: OpenMessage['extensions']): OpenMessage {
    const { scope } = this.#exchange
    const environ = scope['isthmus.exchange']?.hosting.environ ?? {}
    const requestId = getHeader(scope.headers, 'x-request-id')
    const traceparent = getHeader(scope.headers, 'traceparent')
    return {
      type: 'open',
      id: this.id,
      scope: webSocketData(scope),
      environ: Object.keys(environ).length > 0 ? environ : null,
      messageWindow: MESSAGE_WINDOW_BYTES,
      context: { request: { requestId, traceparent, deadline: undefined }, carried: this.#carried },
      extensions,
    }
  }

  // Reads as long as there is room. Without room the queue of the server pauses the client.
  #read(): void {
    if (this.#isReading || this.#disconnect || this.#isOver || this.#room <= 0) return
    this.#isReading = true
    this.#exchange.receive().then(
      (event) => this.#received(event),
      (error: Error) => this.cancel(error),
    )
  }

  #received(event: ReceiveEvent): void {
    this.#isReading = false
    if (this.#disconnect) return
    if (event.type === 'websocket.disconnect') this.#disconnect = event
    // The host begins with the event `websocket.connect` by itself.
    if (event.type !== 'websocket.connect') {
      this.#room -= weightOf(event)
      this.#post?.({ type: 'event', id: this.id, event: owned(event) })
    }
    this.#read()
  }

  #relay(event: SendEvent): void {
    if (event.type === 'websocket.accept') this.#isAccepted = true
    if (event.type === 'websocket.close') this.#isClosed = true
    this.#sends.push(event)
    if (this.#isWarned && event.type === 'websocket.accept') this.#goAway()
  }

  onTaken(event: SendEvent): void {
    if (event.type !== 'websocket.send') return
    this.#owed += weightOf(event)
    if (this.#owed < MESSAGE_WINDOW_BYTES / 4) return
    this.#post?.({ type: 'credit', id: this.id, bytes: this.#owed })
    this.#owed = 0
  }

  // The app learns it from its next event, or from its own check of the same rule.
  onRefused(error: Error): void {
    if (!this.#isOver) this.#post?.({ type: 'cancel', id: this.id, error: toErrorData(error) })
  }

  #afterSending(work: () => void): void {
    this.#sends.after(() => this.#context.runInAsyncScope(work))
  }

  #deny(part: PartMessage): void {
    this.#denial ??= denialParts(this, this.#exchange.send, this.#place.responses)
    this.#denial.take(part)
  }

  #openCalls(): Calls {
    const { scope } = this.#exchange
    return (this.#calls ??= new Calls(this.#slot, scope, undefined, (message) =>
      this.post(message),
    ))
  }
}

// A structured clone copies the whole memory of a view.
function owned(event: ReceiveEvent): ReceiveEvent {
  if (event.type === 'websocket.receive' && event.bytes)
    return { ...event, bytes: ownBytes(event.bytes) }
  return event
}
