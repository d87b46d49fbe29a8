// One WebSocket on the side of an app that awaits. The connection itself, its pings and its limits are the gateway's: a
// blocked app keeps its connection.

import { AsyncResource } from 'node:async_hooks'
import { NO_IDENTITY } from '../../async/framing.ts'
import { MessageQueue } from '../../async/message-queue.ts'
import { makeReceive } from '../../async/receive.ts'
import { WebSocketExchange } from '../../async/websocket-exchange.ts'
import { runInContext } from '../../bridge/request-context.ts'
import { ClientDisconnectedError } from '../../errors.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { weightOf } from '../protocol/message-weight.ts'
import { webSocketScopeOf } from '../protocol/scope-data.ts'
import { WatchedContext } from './watched-context.ts'
import type { Ending } from '../../async/exchange-context.ts'
import type { ReceiveEvent, ResponseEnd, SendEvent } from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { OpenMessage } from '../protocol/messages.ts'
import type { OwnParts } from '../protocol/scope-data.ts'
import type { Continuation, EventExchange, Hosted } from './event-exchange.ts'

// The gateway bounds the messages that wait here.
const UNBOUNDED = { maxMessages: Infinity, maxBytes: Infinity, minBytes: 0 }

/** Runs the app on one WebSocket. Its host gives it the messages with its id. */
export class EventSocket implements EventExchange, Ending {
  readonly id: number
  readonly #message: OpenMessage
  readonly #hosted: Hosted
  readonly #context: WatchedContext
  readonly #own: OwnParts
  readonly #exchange: WebSocketExchange
  readonly #queue = new MessageQueue({ pause: ignore, resume: ignore }, UNBOUNDED)
  #beganAt = 0
  #takenWeight = 0
  #sentWeight = 0
  #credit: Deferred<void> | undefined
  #status: number | null = null
  #code: number | undefined
  #failure: unknown

  constructor(message: OpenMessage, hosted: Hosted) {
    this.id = message.id
    this.#message = message
    this.#hosted = hosted
    const context = (this.#context = new WatchedContext(message, hosted.log, hosted.link))
    // Now, and not when the app runs: the next request, which may be that of another user, brings facts of its own.
    const { channels, extensions } = hosted
    this.#own = { state: hosted.newState(), extensions: extensions.websocket, context, channels }
    this.#exchange = new WebSocketExchange(message.scope, NO_IDENTITY)
  }

  run(now: number): void {
    this.#beganAt = now
    if (this.#exchange.state === 'disconnected') return this.#end()
    const resource = new AsyncResource('isthmus.EventSocket')
    const ended = resource.runInAsyncScope(() =>
      runInContext(this.#message.context, () => this.#callApp()),
    )
    ended.then(
      () => this.#end(),
      (error: unknown) => this.#failed(error),
    )
  }

  take(message: Continuation): void {
    switch (message.type) {
      case 'event':
        return this.#received(message.event)
      case 'credit':
        this.#sentWeight -= message.bytes
        return this.#settleCredit()
      case 'warn':
        return this.warn(fromErrorData(message.error))
      case 'cancel':
        return this.#gone(1006, '')
      case 'body':
    }
  }

  warn(reason: Error): void {
    this.#context.abort(reason)
  }

  /** The end in the view of this host: the gateway, and its client, may see another one. */
  get end(): ResponseEnd {
    const end = { status: this.#status, bytes: null, code: this.#code, error: this.#failure }
    if (this.#status === null) {
      return { ...end, outcome: 'aborted', error: this.#failure ?? this.#context.reason }
    }
    return { ...end, outcome: this.#status === 101 ? 'closed' : 'denied' }
  }

  #callApp(): Promise<unknown> {
    const { app } = this.#hosted
    const scope = webSocketScopeOf(this.#message.scope, this.#own)
    const receive = makeReceive(() => this.#receive())
    try {
      return Promise.resolve(app(scope, receive, (event) => this.#send(event)))
    } catch (error) {
      return rejected(error)
    }
  }

  #received(event: ReceiveEvent): void {
    if (event.type === 'websocket.disconnect') this.#gone(event.code, event.reason)
    else if (event.type === 'websocket.receive') this.#queue.push(event.text ?? event.bytes ?? '')
  }

  async #receive(): Promise<ReceiveEvent> {
    const event = await this.#queue.receive()
    if (event.type === 'websocket.receive') this.#taken(weightOf(event))
    return event
  }

  // The gateway may send more when half of the window is used.
  #taken(weight: number): void {
    this.#takenWeight += weight
    if (this.#takenWeight < this.#message.messageWindow / 2) return
    this.#hosted.link.post({ type: 'want', id: this.id, bytes: this.#takenWeight })
    this.#takenWeight = 0
  }

  #gone(code: number, reason: string): void {
    const { state } = this.#exchange
    this.#exchange.disconnect()
    this.#queue.end(code, reason)
    this.#code ??= code
    if (state !== 'closing' && state !== 'closed') this.#context.disconnect()
    this.#settleCredit()
    this.#context.finish(this)
  }

  #send(event: SendEvent): Promise<void> {
    try {
      this.#exchange.accept(event)
    } catch (error) {
      return rejected(error)
    }
    this.#note(event)
    this.#hosted.link.post({ type: 'event', id: this.id, event: owned(event) })
    if (event.type !== 'websocket.send') return TAKEN
    this.#sentWeight += weightOf(event)
    if (this.#sentWeight <= this.#message.messageWindow) return TAKEN
    this.#credit ??= deferred()
    return this.#credit.promise
  }

  #note(event: SendEvent): void {
    if (event.type === 'websocket.accept') this.#status = 101
    else if (event.type === 'websocket.http.response.start') this.#status = event.status
    else if (event.type === 'websocket.close') {
      this.#status ??= 403
      this.#code = this.#status === 101 ? (event.code ?? 1000) : undefined
    }
  }

  #settleCredit(): void {
    const credit = this.#credit
    if (!credit) return
    if (this.#exchange.state === 'disconnected') credit.reject(new ClientDisconnectedError())
    else if (this.#sentWeight <= this.#message.messageWindow) credit.resolve()
    else return
    this.#credit = undefined
  }

  #failed(error: unknown): void {
    this.#failure = error
    this.#hosted.link.post({ type: 'failure', id: this.id, error: toErrorData(error) })
    this.#end()
  }

  #end(): void {
    const tookMs = performance.now() - this.#beganAt
    this.#hosted.link.post({ type: 'done', id: this.id, tookMs })
    this.#context.finish(this)
    this.#hosted.onEnd(this)
  }
}

// A structured clone copies the whole memory of a view.
function owned(event: SendEvent): SendEvent {
  if (event.type === 'websocket.send' && event.bytes)
    return { ...event, bytes: ownBytes(event.bytes) }
  return event
}

function ignore(): void {}
