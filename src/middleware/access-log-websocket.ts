// The access log of one WebSocket: watches both directions, writes when it is accepted, denied and closed.

import { makeReceive } from '../async/receive.ts'
import { ClientDisconnected, ServerShutdown } from '../errors.ts'
import { answerStatus, isStopping, lossOf } from './server-answer.ts'
import type {
  EventApp,
  Receive,
  ReceiveEvent,
  Send,
  SendEvent,
  WebSocketScope,
} from '../contract/events.ts'
import type { WriteLine } from './access-line.ts'
import type { AppEnd } from './server-answer.ts'

type Loss = ReturnType<typeof lossOf>

interface WebSocketCall {
  scope: WebSocketScope
  receive: Receive
  send: Send
}

/** Runs `app` and writes a line at each turn of the socket's life. */
export async function logWebSocket(
  app: EventApp,
  call: WebSocketCall,
  writeLine: WriteLine,
): Promise<void> {
  const { scope, receive, send } = call
  const watch = new SocketWatch(scope, writeLine)
  try {
    const result = await app(scope, watchedReceive(receive, watch), (event) =>
      watch.sending(event, send(event)),
    )
    watch.appEnded({ threw: false })
    return result
  } catch (error) {
    watch.appEnded({ threw: true, error })
    throw error
  }
}

// The app gets the very promises of the server: one pending call is one promise.
function watchedReceive(receive: Receive, watch: SocketWatch): Receive {
  let watched: Promise<ReceiveEvent> | undefined
  return makeReceive(() => {
    const pending = receive()
    if (pending !== watched) {
      watched = pending
      pending.then(
        (event) => watch.received(event),
        () => undefined,
      )
    }
    return pending
  })
}

class SocketWatch {
  readonly #scope: WebSocketScope
  readonly #writeLine: WriteLine
  #state: 'connecting' | 'denying' | 'open' | 'over' = 'connecting'
  #denialStatus: number | null = null
  #clientGone = false
  #pending = 0
  #appEnd: AppEnd | undefined

  constructor(scope: WebSocketScope, writeLine: WriteLine) {
    this.#scope = scope
    this.#writeLine = writeLine
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

  received(event: ReceiveEvent): void {
    if (event.type !== 'websocket.disconnect') return
    this.#clientGone = true
    this.#closed(event.code)
  }

  appEnded(end: AppEnd): void {
    this.#appEnd = end
    this.#conclude()
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
    this.#writeLine('101 accepted', { status: 101, outcome: 'accepted' })
  }

  #denialTaken(isLast: boolean): void {
    if (this.#state === 'connecting') this.#state = 'denying'
    if (isLast) this.#denied(this.#denialStatus)
  }

  #denied(status: number | null): void {
    if (this.#state !== 'connecting' && this.#state !== 'denying') return
    this.#state = 'over'
    this.#writeLine(`${status} denied`, { status, outcome: 'denied' })
  }

  #lost(loss: 'left' | 'cut'): void {
    this.#state = 'over'
    const outcome = loss === 'left' ? 'disconnected' : 'aborted'
    const status = this.#denialStatus
    this.#writeLine(`${status ?? '-'} ${outcome}`, { status, outcome })
  }

  #closed(code: number): void {
    if (this.#state !== 'open') return
    this.#state = 'over'
    this.#writeLine(`closed ${code}`, { code, outcome: 'closed' })
  }
}

function isFarewell(error: unknown): boolean {
  return error instanceof ClientDisconnected || error instanceof ServerShutdown
}
