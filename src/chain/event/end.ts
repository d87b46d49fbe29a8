// The end of an exchange around an event app: the promise of the call, and the callbacks of the middleware.

import { AppTimeoutError } from '../../errors.ts'
import { isStop, reasonOf } from '../../http/stop-reason.ts'
import { FinishCallbacks, refuseLate } from '../finish-callbacks.ts'
import { LocalView } from './local-view.ts'
import type { HttpScope, ResponseEnd, Send, WebSocketScope } from '../../contract/events.ts'
import type { FinishHooks } from '../request.ts'

/** Settles the promise of one exchange, once, and passes the end of the exchange to the middleware that listens. */
export class ExchangeEnd implements FinishHooks {
  readonly promise: Promise<void>
  /** The server's own send, unless a middleware listens for the accept, or the host reports no end. */
  send: Send
  readonly #scope: HttpScope | WebSocketScope
  #callbacks: FinishCallbacks | undefined = undefined
  #localView: LocalView | undefined = undefined
  #listensForAccept = false
  #begun = false
  #isOver = false
  #resolve!: (result: void) => void
  #reject!: (error: unknown) => void

  constructor(scope: HttpScope | WebSocketScope, send: Send) {
    this.#scope = scope
    this.send = send
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  onFinish(callback: (end: ResponseEnd) => void): void {
    this.#listening().onFinish(callback)
  }

  onAccept(callback: () => void): void {
    const callbacks = this.#listening()
    callbacks.onAccept(callback)
    if (this.#listensForAccept || this.#scope.type !== 'websocket') return
    this.#listensForAccept = true
    this.send = withAccept(this.send, callbacks)
  }

  /**
   * Refuses callbacks from now on: the app runs or a middleware answers, so a later callback would miss a part of the
   * exchange.
   */
  begin(): void {
    this.#begun = true
  }

  /** Ends the exchange. `result` is the value that the app returned; the server checks it. */
  resolve(result: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#localView?.appEnded(undefined)
    this.#resolve(result as void)
  }

  /** Ends the exchange with an error. The server does not wait for the app. */
  reject(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#localView?.appEnded(error)
    this.#reject(error)
  }

  /** Logs the error of an app whose response a middleware has replaced. */
  logLate(error: unknown): void {
    // The signal of timeout() has its error for a reason.
    if (isStop(error) || reasonOf(error) instanceof AppTimeoutError) return
    const log = this.#scope['isthmus.exchange']?.log
    log?.error({ err: error }, 'the app failed after the answer of a middleware')
  }

  #listening(): FinishCallbacks {
    refuseLate(this.#begun)
    if (this.#callbacks) return this.#callbacks
    const exchange = this.#scope['isthmus.exchange']
    const callbacks = new FinishCallbacks((message, error) => {
      exchange?.log.error({ err: error }, message)
    })
    this.#callbacks = callbacks
    if (exchange) exchange.onEnd((end) => callbacks.finished(end))
    else this.#watch(callbacks)
    return callbacks
  }

  #watch(callbacks: FinishCallbacks): void {
    this.#localView = new LocalView(this.#scope, (end) => callbacks.finished(end))
    this.send = this.#localView.watched(this.send)
  }
}

// The callbacks run before the app continues, because the app adds its own handler to the promise later.
function withAccept(send: Send, callbacks: FinishCallbacks): Send {
  return (event) => {
    const sent = send(event)
    if (event?.type === 'websocket.accept') {
      sent.then(
        () => callbacks.accepted(),
        () => undefined,
      )
    }
    return sent
  }
}
