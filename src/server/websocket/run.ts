// One WebSocket through one app: the scope, receive and send of a connection, and what becomes of it when
// the app returns, throws, or the server goes.

import { deferred, rejected } from '../../waiting/deferred.ts'
import { MessageQueue } from '../../async/message-queue.ts'
import { makeReceive } from '../../async/receive.ts'
import { WebSocketExchange } from '../../async/websocket-exchange.ts'
import { ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import { plainResponse } from '../refusal.ts'
import { judge } from '../verdict.ts'
import type { ServerExchangeContext } from '../../async/exchange-context.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Identity } from '../../async/framing.ts'
import type { EventApp, SendEvent, WebSocketScope } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { WebSocketEvents, WebSocketTransport } from '../engine.ts'

/** What of the settings rules a WebSocket. */
interface WebSocketCycleSettings {
  identity: Identity
  log: Log
  websocket: {
    /** Messages that may wait for the app before the transport is paused. */
    maxQueue: number
  }
}

interface WebSocketCycleParts {
  transport: WebSocketTransport
  /** As the scope has it. */
  connection: ServerExchangeContext
  settings: WebSocketCycleSettings
}

// Bytes of messages that may wait for the app, however few they are.
const MAX_QUEUE_BYTES = 1024 * 1024
const GOING_AWAY = 1001
const GOODBYE = 'server shutdown'
const DONE: Promise<void> = Promise.resolve()

/**
 * Runs an app on one WebSocket. The engine owns it and feeds it as {@link WebSocketEvents}; `onClose` has to
 * come in every case, also after a denial and after `destroy`.
 */
export class WebSocketRun implements WebSocketEvents {
  /** Of whoever runs it. */
  slot = -1
  readonly #app: EventApp
  readonly #scope: WebSocketScope
  readonly #transport: WebSocketTransport
  readonly #log: Log
  readonly #exchange: WebSocketExchange
  readonly #queue: MessageQueue
  readonly #connection: ServerExchangeContext
  readonly #closed: Deferred<void> = deferred()
  #drain: Deferred<void> | undefined
  #stopping = false

  constructor(app: EventApp, scope: WebSocketScope, parts: WebSocketCycleParts) {
    const { transport, connection, settings } = parts
    this.#app = app
    this.#scope = scope
    this.#transport = transport
    this.#log = settings.log
    this.#exchange = new WebSocketExchange(scope, settings.identity)
    this.#queue = new MessageQueue(transport, {
      maxMessages: settings.websocket.maxQueue,
      maxBytes: MAX_QUEUE_BYTES,
    })
    this.#connection = connection
  }

  /** Runs the app, and calls back when it has ended and the connection is gone. */
  async run(onEnd: (cycle: this) => void): Promise<void> {
    try {
      const receive = makeReceive(() => this.#queue.receive())
      await this.#app(this.#scope, receive, (event) => this.#send(event))
      this.#returned()
    } catch (error) {
      this.#failed(error)
    }
    await this.#closed.promise
    onEnd(this)
  }

  onMessage(message: string | Uint8Array): void {
    // What still comes after the app's own close has nobody to read it.
    if (this.#exchange.state === 'open') this.#queue.push(message)
  }

  onDrain(): void {
    this.#drain?.resolve()
    this.#drain = undefined
  }

  onClose(code: number, reason: string): void {
    const { state } = this.#exchange
    this.#giveUp(code, reason)
    if (state !== 'closing' && state !== 'closed') this.#connection.disconnect()
    this.#closed.resolve()
  }

  /**
   * The server is going. An app that holds its signal is told by it, and has until {@link closeNow} to finish;
   * for one that does not there is nobody to tell, and nothing to wait for.
   */
  shutdown(): void {
    const { watched } = this.#connection
    this.#stopping = true
    this.#connection.abort(new ServerShutdownError())
    // A denial is as good as done: it may end like any other response.
    if (!watched && this.#exchange.state !== 'denying') this.closeNow()
  }

  /** Closes with 1001, or denies with 503, whatever the app does. The engine bounds the closing handshake. */
  closeNow(): void {
    this.#stopping = true
    this.#connection.abort(new ServerShutdownError())
    if (this.#exchange.unanswered) return this.#answer(503)
    if (this.#exchange.state === 'denying') return this.#transport.destroy()
    if (this.#exchange.state !== 'open') return

    // Not by way of the exchange: to the app this is the loss of its client, and no close of its own.
    this.#transport.close(GOING_AWAY, GOODBYE)
    this.#transport.resume()
    this.#giveUp(GOING_AWAY, GOODBYE)
  }

  #send(event: SendEvent): Promise<void> {
    try {
      if (this.#perform(event)) return DONE
    } catch (error) {
      if (this.#exchange.failed) {
        this.#log.error({ ...this.#fields(), err: error }, 'the denial broke off')
        this.#cut()
      }
      return rejected(error)
    }
    // The transport may have found the connection gone while it wrote.
    if (this.#exchange.state === 'disconnected') return rejected(new ClientDisconnectedError())
    this.#drain ??= deferred()
    return this.#drain.promise
  }

  /** Carries an event out. False: the peer has to catch up first. */
  #perform(event: SendEvent): boolean {
    const command = this.#exchange.accept(event)
    switch (command.type) {
      case 'hold':
        return true
      case 'accept':
        this.#transport.accept(command.subprotocol, command.headers)
        return true
      case 'message':
        return this.#transport.send(command.message)
      case 'close':
        this.#transport.close(command.code, command.reason)
        // The peer's answer may stand behind messages that made the queue pause the transport.
        this.#transport.resume()
        return true
      case 'deny': {
        const flowing = this.#transport.deny(command.part)
        if (command.part.end) this.#giveUp(1006, '')
        return flowing || command.part.end
      }
    }
  }

  // When the log fails, there is nobody left to tell.
  #failed(error: unknown): void {
    try {
      this.#threw(error)
    } catch {}
  }

  #returned(): void {
    if (this.#exchange.state === 'open') {
      return this.#stopping ? this.#close(GOING_AWAY, GOODBYE) : this.#close(1000, '')
    }
    if (this.#exchange.unanswered) {
      this.#log.error(this.#fields(), 'the app returned without an answer to the handshake')
      return this.#answer(this.#stopping ? 503 : 500)
    }
    if (this.#exchange.state === 'denying') {
      this.#log.error(this.#fields(), 'the app returned before its denial was complete')
      this.#cut()
    }
  }

  #threw(error: unknown): void {
    const { state, failed, unanswered } = this.#exchange
    if (failed) return
    const { status, level } = judge(error)
    const leaving = this.#stopping && error instanceof ServerShutdownError
    if (leaving || (state === 'disconnected' && error instanceof ClientDisconnectedError)) {
      this.#log.debug(this.#fields(), 'the app was told that the connection ends')
    } else {
      this.#log[level]({ ...this.#fields(), err: error }, 'the app failed')
    }

    if (unanswered) return this.#answer(leaving ? 503 : status)
    if (state === 'denying') return this.#cut()
    if (state !== 'open') return
    if (leaving) this.#close(GOING_AWAY, GOODBYE)
    else this.#close(1011, '')
  }

  #answer(status: number): void {
    this.#exchange.restart()
    const [start, body] = plainResponse(status)
    this.#perform({ ...start, type: 'websocket.http.response.start' })
    this.#perform({ ...body, type: 'websocket.http.response.body' })
  }

  #close(code: number, reason: string): void {
    this.#perform({ type: 'websocket.close', code, reason })
  }

  /** Nothing reaches the peer any more: whoever waits here is told so. */
  #giveUp(code: number, reason: string): void {
    this.#exchange.disconnect()
    this.#queue.end(code, reason)
    this.#drain?.reject(new ClientDisconnectedError())
    this.#drain = undefined
  }

  // No client can take what has arrived so far for whole.
  #cut(): void {
    this.#transport.destroy()
    this.#giveUp(1006, '')
  }

  #fields(): Record<string, unknown> {
    return { type: 'websocket', path: this.#scope.path }
  }
}
