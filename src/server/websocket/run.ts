// One WebSocket through one app: the scope, receive and send of the connection, and the way in which it ends.

import { MessageQueue } from '../../async/message-queue.ts'
import { makeReceive } from '../../async/receive.ts'
import { WebSocketExchange } from '../../async/websocket-exchange.ts'
import { ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import { failureLine, judgeError } from '../../http/error-verdict.ts'
import { isStop } from '../../http/stop-reason.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { publishEnd, publishStart } from '../diagnostics.ts'
import { plainResponse } from '../refusal.ts'
import { farewellAfter, GOING_AWAY, momentOf, obeys, RETURNED } from './farewell.ts'
import { queueLimits } from './queue-limits.ts'
import { TAKEN } from '../../waiting/taken.ts'
import type { Ending, ServerExchangeContext } from '../../async/exchange-context.ts'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { EventApp, ResponseEnd, SendEvent, WebSocketScope } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { ErrorVerdict } from '../../http/error-verdict.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { WebSocketEvents, WebSocketTransport } from '../engine.ts'
import type { Farewell, Moment } from './farewell.ts'
import type { RunParts } from './run-parts.ts'

/**
 * Runs an app on one WebSocket. The engine owns the run and feeds it as {@link WebSocketEvents}; `onClose` has to come in
 * every case, also after a denial and after `destroy`.
 */
export class WebSocketRun implements WebSocketEvents, Ending {
  /** The index in the dispatcher's list of running exchanges. A field is cheaper than a Map; only the dispatcher uses it. */
  slot = -1

  // Connection state
  readonly #transport: WebSocketTransport
  readonly #log: Log
  #drain: Deferred<void> | undefined
  #stopping = false

  // Request state
  readonly #app: EventApp
  readonly #scope: WebSocketScope
  readonly #context: ServerExchangeContext
  readonly #queue: MessageQueue

  // Response state
  readonly #exchange: WebSocketExchange
  #status: number | null = null
  #bodyBytes = 0
  #code: number | undefined
  #outcome: ResponseEnd['outcome'] | undefined
  #error: unknown
  // Both ends: the app has ended, and the connection is gone
  #onSettled: ((run: this) => void) | undefined
  #hasEnded = false
  #isGone = false

  constructor(app: EventApp, scope: WebSocketScope, parts: RunParts) {
    const { transport, context, settings } = parts
    this.#app = app
    this.#scope = scope
    this.#transport = transport
    this.#log = settings.log
    this.#exchange = new WebSocketExchange(scope, settings.identity)
    this.#queue = new MessageQueue(transport, queueLimits(settings.websocket.maxQueue))
    this.#context = context
  }

  /** Runs the app, and calls back when it has ended and the connection is gone. */
  run(onSettled: (run: this) => void): void {
    this.#onSettled = onSettled
    publishStart(this.#scope)
    try {
      const receive = makeReceive(() => this.#receive())
      const running = this.#app(this.#scope, receive, (event) => this.#send(event))
      this.#context.figures?.returned()
      // Not an async function: it would hold its frame and three promises for as long as the WebSocket is open.
      Promise.resolve(running).then(
        () => this.#over(() => this.#appReturned()),
        (error: unknown) => this.#over(() => this.#appThrew(error)),
      )
    } catch (error) {
      this.#over(() => this.#appThrew(error))
    }
  }

  /** The end of the exchange, for the listeners of `onEnd`; to be read once it has ended. */
  get end(): ResponseEnd {
    const outcome = this.#outcome ?? 'closed'
    const bytes = outcome === 'closed' ? null : this.#bodyBytes
    return { outcome, status: this.#status, bytes, code: this.#code, error: this.#error }
  }

  onMessage(message: string | Uint8Array): void {
    // After its own close the app reads no messages.
    if (this.#exchange.state === 'open') this.#queue.push(message)
  }

  whenAnswered(callback: () => void): void {
    this.#queue.whenIdle(callback)
  }

  onDrain(): void {
    this.#drain?.resolve()
    this.#drain = undefined
  }

  onClose(code: number, reason: string): void {
    const { state } = this.#exchange
    if (state === 'connecting' || state === 'denying') this.#lost()
    this.#giveUp(code, reason)
    if (state !== 'closing' && state !== 'closed') this.#context.disconnect()
    if (state === 'open') this.#finish('closed', undefined, code)
    this.#isGone = true
    this.#settleRun()
  }

  /**
   * The server shuts down. An app that has taken its signal is told, and has until {@link closeNow} to finish. Any
   * other app cannot be told, and the server does not wait.
   */
  shutdown(): void {
    const { watched } = this.#context
    this.#stopping = true
    this.#context.abort(new ServerShutdownError())
    // A denial that has begun may end like any other response.
    if (!watched && this.#exchange.state !== 'denying') this.closeNow()
  }

  /** Closes with 1001, or denies with 503, without regard to the app. The engine bounds the closing handshake. */
  closeNow(): void {
    this.#stopping = true
    this.#context.abort(new ServerShutdownError())
    const { status, code, reason } = GOING_AWAY
    if (this.#exchange.unanswered) return this.#answer(status, undefined)
    if (this.#exchange.state === 'denying') return this.#transport.destroy()
    if (this.#exchange.state !== 'open') return

    // Not through the exchange: for the app this is the loss of its client, and no close of its own.
    this.#transport.close(code, reason)
    this.#transport.resume()
    this.#giveUp(code, reason)
    this.#finish('closed', undefined, code)
  }

  #receive(): ReturnType<MessageQueue['receive']> {
    this.#context.figures?.touch()
    return this.#queue.receive()
  }

  #send(event: SendEvent): Promise<void> {
    this.#context.figures?.touch()
    try {
      if (this.#perform(event)) return TAKEN
    } catch (error) {
      if (this.#exchange.failed) {
        this.#cut(error)
        this.#report('error', 'the denial broke off', error)
      }
      return rejected(error)
    }
    // The transport may have found the connection gone while it wrote.
    if (this.#exchange.state === 'disconnected') return rejected(new ClientDisconnectedError())
    this.#drain ??= deferred()
    return this.#drain.promise
  }

  /** Carries an event out. False: the client has to catch up first. */
  #perform(event: SendEvent): boolean {
    const command = this.#exchange.accept(event)
    switch (command.type) {
      case 'hold':
        if (event.type === 'websocket.http.response.start') this.#status = event.status
        return true
      case 'accept':
        if (this.#transport.accept(command.subprotocol, command.headers)) this.#status = 101
        else this.#lost()
        return true
      case 'message':
        return this.#transport.send(command.message)
      case 'close':
        this.#transport.close(command.code, command.reason)
        // The client's answer may stand in line after messages that made the queue pause the transport.
        this.#transport.resume()
        this.#finish('closed', this.#error, command.code)
        return true
      case 'deny':
        return this.#deny(command.part)
    }
  }

  #deny(part: ResponsePart): boolean {
    if (part.head) this.#status = part.head.status
    this.#bodyBytes += part.size
    const flowing = this.#transport.deny(part)
    if (!part.end) return flowing
    this.#giveUp(1006, '')
    this.#finish('denied', this.#error)
    return true
  }

  #over(settle: () => void): void {
    try {
      settle()
    } catch (fault) {
      // An object that the app throws may itself throw when the server looks at it.
      this.#cut(fault)
    }
    this.#hasEnded = true
    this.#settleRun()
  }

  #settleRun(): void {
    if (!this.#hasEnded || !this.#isGone) return
    this.#onSettled?.(this)
    this.#onSettled = undefined
  }

  #appReturned(): void {
    const moment = momentOf(this.#exchange)
    this.#settle(moment, this.#stopping ? GOING_AWAY : RETURNED, undefined)
    if (moment === 'unanswered') {
      this.#report('error', 'the app returned without an answer to the handshake')
    } else if (moment === 'denying') {
      this.#report('error', 'the app returned before its denial was complete')
    }
  }

  #appThrew(error: unknown): void {
    const { state, failed } = this.#exchange
    this.#settle(momentOf(this.#exchange), farewellAfter(error, this.#stopping), error)

    if (failed) return
    const isLoss = state === 'disconnected' && isStop(error)
    if (isLoss || obeys(error, this.#stopping)) {
      this.#report('debug', 'the app was told that the connection ends')
    } else {
      const verdict = judgeError(error)
      const { message, err } = failureLine(error, verdict)
      this.#report(verdict.level, message, err)
    }
  }

  #settle(moment: Moment, { status, code, reason }: Farewell, error: unknown): void {
    switch (moment) {
      case 'unanswered':
        return this.#answer(status, error)
      case 'denying':
        return this.#cut(error)
      case 'open':
        this.#error = error
        return void this.#perform({ type: 'websocket.close', code, reason })
      case 'over':
    }
  }

  #answer(status: number, error: unknown): void {
    this.#error = error
    this.#exchange.restart()
    const [start, body] = plainResponse(status)
    this.#perform({ ...start, type: 'websocket.http.response.start' })
    this.#perform({ ...body, type: 'websocket.http.response.body' })
  }

  /** Nothing reaches the client any more: a send() or receive() that waits is woken. */
  #giveUp(code: number, reason: string): void {
    this.#exchange.disconnect()
    this.#queue.end(code, reason)
    this.#drain?.reject(new ClientDisconnectedError())
    this.#drain = undefined
  }

  // The client is gone before the answer to its handshake is whole.
  #lost(): void {
    this.#giveUp(1006, '')
    this.#context.disconnect()
    this.#finish(this.#stopping ? 'aborted' : 'disconnected', this.#context.reason)
  }

  // The client must not take a part of a denial for the whole.
  #cut(error: unknown): void {
    this.#finish('aborted', error)
    this.#transport.destroy()
    this.#giveUp(1006, '')
  }

  #finish(outcome: ResponseEnd['outcome'], error: unknown, code?: number): void {
    if (this.#outcome) return
    this.#outcome = outcome
    this.#code = code
    this.#error = error
    this.#context.finish(this)
    publishEnd(this.#scope, this)
  }

  // Always after the answer.
  #report(level: 'debug' | ErrorVerdict['level'], message: string, err?: unknown): void {
    const fields = { type: 'websocket', path: this.#scope.path }
    this.#log[level](err === undefined ? fields : { ...fields, err }, message)
  }
}
