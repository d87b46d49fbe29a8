// The end of an exchange around an event app: the promise of the call, and whoever wants to know how it went.

import { ClientDisconnectedError } from '../../errors.ts'
import { FinishCallbacks, refuseLate } from '../finish-callbacks.ts'
import { HttpWatch } from './http-watch.ts'
import { SocketWatch } from './socket-watch.ts'
import type { HttpScope, Receive, Send, SendEvent, WebSocketScope } from '../../contract/events.ts'
import type { FinishHooks } from '../request.ts'
import type { ResponseEnd } from '../response-end.ts'

/** Sends for an exchange, watched where somebody wants to know how it goes, and settles its promise, once. */
export class ExchangeEnd implements FinishHooks {
  readonly promise: Promise<void>
  /** The server's, watched or not. */
  send: Send
  readonly #scope: HttpScope | WebSocketScope
  #callbacks: FinishCallbacks | undefined = undefined
  #watch: HttpWatch | SocketWatch | undefined = undefined
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
    this.#watched().onFinish(callback)
  }

  onAccept(callback: () => void): void {
    this.#watched().onAccept(callback)
  }

  /** The app is called, or answered for: from now on there is something to miss. */
  begin(receive: Receive): Receive {
    this.#begun = true
    return this.#watch instanceof SocketWatch ? this.#watch.receiving(receive) : receive
  }

  /** All is done. `result` is what the app returned, for the server to judge. */
  resolve(result: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#watch?.appEnded({ threw: false })
    this.#resolve(result as void)
  }

  /** The exchange has failed, and nobody waits for the app any longer. */
  reject(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#watch?.appEnded({ threw: true, error })
    this.#reject(error)
  }

  /** What an app throws whose response is not wanted any more. */
  logLate(error: unknown): void {
    if (error instanceof ClientDisconnectedError) return
    const log = this.#scope['isthmus.exchange']?.log
    log?.error({ err: error }, 'the app failed behind the answer of a middleware')
  }

  #watched(): FinishCallbacks {
    refuseLate(this.#begun)
    if (this.#callbacks) return this.#callbacks
    const scope = this.#scope
    const callbacks = new FinishCallbacks((message, error) => {
      scope['isthmus.exchange']?.log.error({ err: error }, message)
    })
    const onEnd = (end: ResponseEnd): void => callbacks.finished(end)
    const watch =
      scope.type === 'http'
        ? new HttpWatch(scope, onEnd)
        : new SocketWatch(scope, { onEnd, onAccept: () => callbacks.accepted() })
    this.send = watchedSend(this.send, watch)
    this.#watch = watch
    this.#callbacks = callbacks
    return callbacks
  }
}

function watchedSend(send: Send, watch: HttpWatch | SocketWatch): Send {
  return (event: SendEvent) => watch.sending(event, send(event))
}
