// One WebSocket on the side of the gateway: `receive` and `send` of the server here, messages to the host there.

import { AsyncResource } from 'node:async_hooks'
import { ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import { carriedValues } from '../../bridge/request-context.ts'
import { getHeader } from '../../http/headers.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { MESSAGE_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import { weightOf } from '../protocol/message-weight.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { webSocketData } from '../protocol/scope-data.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { ReceiveEvent, Send, SendEvent, WebSocketScope } from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { OpenMessage, ToHost } from '../protocol/messages.ts'
import type { Dispatch, PoolRequest, RequestReport } from './pool-request.ts'

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
  readonly #exchange: SocketExchange
  readonly #carried: Carried = carriedValues()
  // The messages of a host arrive in the context of the thread's start. This resource keeps the context of the WebSocket.
  readonly #context = new AsyncResource('isthmus.GatewaySocket')
  readonly #ended: Deferred<void> = deferred()
  #post: ((message: ToHost) => void) | undefined
  #room = MESSAGE_WINDOW_BYTES
  #isReading = false
  // The last event.
  #disconnect: ReceiveEvent | undefined
  #sending: Promise<void> = TAKEN
  // The events that are not taken yet.
  #waiting = 0
  #owed = 0
  #isOver = false

  /**
   * @param arrivedAt the time of the arrival, by the clock of the pool
   * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) when a carried value cannot cross
   */
  constructor(id: number, exchange: SocketExchange, arrivedAt: number) {
    this.id = id
    this.arrivedAt = arrivedAt
    this.#exchange = exchange
    const context = exchange.scope['isthmus.exchange']
    context?.onDisconnect(() => this.#clientLeft())
    context?.onShutdown(() => this.warn())
  }

  get ended(): Promise<void> {
    return this.#ended.promise
  }

  get isOver(): boolean {
    return this.#isOver
  }

  // A WebSocket waits for its client most of the time, and counts.
  get waitsForClient(): boolean {
    return false
  }

  dispatch(dispatch: Dispatch): void {
    this.#context.runInAsyncScope(() => this.#dispatch(dispatch))
  }

  take(message: RequestReport): void {
    if (this.#isOver) return
    switch (message.type) {
      case 'event':
        return this.#context.runInAsyncScope(() => this.#relay(message.event))
      case 'want':
        this.#room += message.bytes
        return this.#context.runInAsyncScope(() => this.#read())
      case 'failure':
        // After the events that came before it.
        return this.#afterSending(() => this.fail(fromErrorData(message.error)))
      case 'watch':
        // The server gives an app that has taken its signal the grace to end the WebSocket itself.
        return void this.#exchange.scope['isthmus.exchange']?.signal
      // These are for requests.
      case 'part':
      case 'call':
    }
  }

  done(): void {
    this.#afterSending(() => this.#complete())
  }

  cancel(error: Error): void {
    this.#post?.({ type: 'cancel', id: this.id, error: toErrorData(error) })
    this.fail(error)
  }

  fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#ended.reject(error)
  }

  warn(): void {
    this.#post?.({ type: 'warn', id: this.id, error: toErrorData(new ServerShutdownError()) })
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
    if (event.type === 'websocket.disconnect') this.#disconnect = event
    // The host begins with the event `websocket.connect` by itself.
    if (event.type !== 'websocket.connect') {
      this.#room -= weightOf(event)
      this.#post?.({ type: 'event', id: this.id, event: owned(event) })
    }
    this.#read()
  }

  // Most events are taken at once; the others wait for those before them.
  #relay(event: SendEvent): void {
    if (this.#waiting === 0 && this.#sent(event)) return this.#owe(event)
    const isFirst = this.#waiting === 0
    this.#waiting += 1
    const sent = isFirst ? this.#sending : this.#sending.then(() => this.#sendLate(event))
    this.#sending = sent
      .then(() => this.#owe(event))
      // The app learns it from its next event, or from its own check of the same rule.
      .catch((error: Error) => this.#refused(error))
      .then(() => void (this.#waiting -= 1))
  }

  // Returns false if the event is not taken yet.
  #sent(event: SendEvent): boolean {
    this.#sending = this.#sendLate(event)
    return this.#sending === TAKEN
  }

  #sendLate(event: SendEvent): Promise<void> {
    if (this.#isOver) return TAKEN
    try {
      return this.#exchange.send(event)
    } catch (error) {
      return rejected(error)
    }
  }

  #refused(error: Error): void {
    if (!this.#isOver) this.#post?.({ type: 'cancel', id: this.id, error: toErrorData(error) })
  }

  #owe(event: SendEvent): void {
    if (event.type !== 'websocket.send') return
    this.#owed += weightOf(event)
    if (this.#owed < MESSAGE_WINDOW_BYTES / 4) return
    this.#post?.({ type: 'credit', id: this.id, bytes: this.#owed })
    this.#owed = 0
  }

  #afterSending(work: () => void): void {
    const run = (): void => this.#context.runInAsyncScope(work)
    if (this.#waiting === 0) run()
    else this.#sending.then(run).catch(() => undefined)
  }

  #complete(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#ended.resolve()
  }
}

// A structured clone copies the whole memory of a view.
function owned(event: ReceiveEvent): ReceiveEvent {
  if (event.type === 'websocket.receive' && event.bytes)
    return { ...event, bytes: ownBytes(event.bytes) }
  return event
}
