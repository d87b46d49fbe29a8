// How one WebSocket begins and ends, told from both of its directions.

import { makeReceive } from '../../async/receive.ts'
import { ClientDisconnectedError, ServerShutdownError } from '../../errors.ts'
import { answerStatus, isStopping, lossOf } from '../server-answer.ts'
import type { Receive, ReceiveEvent, SendEvent, WebSocketScope } from '../../contract/events.ts'
import type { ResponseEnd } from '../response-end.ts'
import type { AppEnd } from '../server-answer.ts'

type Loss = ReturnType<typeof lossOf>

interface SocketHooks {
  onAccept(): void
  onEnd(end: ResponseEnd): void
}

/** Watches both directions of one WebSocket, and calls back when it is accepted, and when it has ended. */
export class SocketWatch {
  readonly #scope: WebSocketScope
  readonly #hooks: SocketHooks
  #state: 'connecting' | 'denying' | 'open' | 'over' = 'connecting'
  #denialStatus: number | null = null
  #clientGone = false
  #pending = 0
  #appEnd: AppEnd | undefined

  constructor(scope: WebSocketScope, hooks: SocketHooks) {
    this.#scope = scope
    this.#hooks = hooks
  }

  // What the server refuses was not sent, so it counts only once it was taken; the promise goes on as it is.
  sending(event: SendEvent, sent: Promise<void>): Promise<void> {
    if (event?.type === 'websocket.send') return sent
    this.#pending += 1
    sent.then(
      () => this.#settled(event),
      () => this.#settled(),
    )
    return sent
  }

  /** The app gets the very promises of the server: one pending call is one promise. */
  receiving(receive: Receive): Receive {
    let watched: Promise<ReceiveEvent> | undefined
    return makeReceive(() => {
      const pending = receive()
      if (pending !== watched) {
        watched = pending
        pending.then(
          (event) => this.#received(event),
          () => undefined,
        )
      }
      return pending
    })
  }

  appEnded(end: AppEnd): void {
    this.#appEnd = end
    this.#conclude()
  }

  #received(event: ReceiveEvent): void {
    if (event.type !== 'websocket.disconnect') return
    this.#clientGone = true
    this.#closed(event.code)
  }

  #settled(taken?: SendEvent): void {
    this.#pending -= 1
    if (taken) this.#taken(taken)
    this.#conclude()
  }

  // An app that did not wait for its sends may end before they are taken.
  #conclude(): void {
    const end = this.#appEnd
    if (!end || this.#pending > 0 || this.#state === 'over') return

    const loss = this.#lossAt(end)
    if (this.#state === 'open') return this.#closed(this.#closeCode(end, loss))
    if (loss === 'left' || this.#state === 'denying') return this.#lost(loss ?? 'cut')
    // A shutdown that finds the handshake unanswered denies it.
    this.#denied(loss === 'cut' ? 503 : answerStatus(this.#scope, end))
  }

  #taken(event: SendEvent): void {
    switch (event.type) {
      case 'websocket.accept':
        return this.#accepted()
      case 'websocket.close':
        return this.#state === 'open' ? this.#closed(event.code ?? 1000) : this.#denied(403)
      case 'websocket.http.response.start':
        this.#denialStatus = event.status
        return
      case 'websocket.http.response.body':
        return this.#denialTaken(event.moreBody !== true)
      default:
    }
  }

  #lossAt(end: AppEnd): Loss {
    const loss = lossOf(this.#scope, end)
    if (loss !== null || !this.#clientGone) return loss
    return isStopping(this.#scope) ? 'cut' : 'left'
  }

  // As the server closes for an app that has not: 1001 in a shutdown, 1006 where nobody is left to be told.
  #closeCode(end: AppEnd, loss: Loss): number {
    if (loss === 'left') return 1006
    if (!isStopping(this.#scope)) return end.threw ? 1011 : 1000
    const broke = end.threw && !isFarewell(end.error)
    return broke ? 1011 : 1001
  }

  #accepted(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.#hooks.onAccept()
  }

  #denialTaken(isLast: boolean): void {
    if (this.#state === 'connecting') this.#state = 'denying'
    if (isLast) this.#denied(this.#denialStatus)
  }

  #denied(status: number | null): void {
    if (this.#state !== 'connecting' && this.#state !== 'denying') return
    this.#ended('denied', status)
  }

  #lost(loss: 'left' | 'cut'): void {
    this.#ended(loss === 'left' ? 'disconnected' : 'aborted', this.#denialStatus)
  }

  #closed(code: number): void {
    if (this.#state !== 'open') return
    this.#ended('closed', 101, code)
  }

  #ended(outcome: ResponseEnd['outcome'], status: number | null, code?: number): void {
    this.#state = 'over'
    const error = this.#appEnd?.threw ? this.#appEnd.error : undefined
    this.#hooks.onEnd({ outcome, status, bytes: null, code, error })
  }
}

function isFarewell(error: unknown): boolean {
  return error instanceof ClientDisconnectedError || error instanceof ServerShutdownError
}
