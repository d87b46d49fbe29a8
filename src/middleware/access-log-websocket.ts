// The access log of one WebSocket: watches both directions, writes when it is accepted, denied and closed.

import { ClientDisconnected } from '../errors.ts'
import { makeReceive } from '../async/receive.ts'
import type {
  EventApp,
  Receive,
  ReceiveEvent,
  Send,
  SendEvent,
  WebSocketScope,
} from '../contract/events.ts'
import type { WriteLine } from './access-line.ts'

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
    watch.appEnded(1000)
    return result
  } catch (error) {
    watch.appEnded(1011, error)
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
  #state: 'connecting' | 'open' | 'over' = 'connecting'
  #denialStatus = 403
  #clientGone = false

  constructor(scope: WebSocketScope, writeLine: WriteLine) {
    this.#scope = scope
    this.#writeLine = writeLine
  }

  // What the server refuses was not sent, so it counts only once it was taken; the promise goes on as it is.
  sending(event: SendEvent, sent: Promise<void>): Promise<void> {
    sent.then(
      () => this.#taken(event),
      (error: unknown) => {
        if (error instanceof ClientDisconnected) this.#clientGone = true
      },
    )
    return sent
  }

  received(event: ReceiveEvent): void {
    if (event.type !== 'websocket.disconnect') return
    this.#clientGone = true
    if (this.#state === 'open') this.#closed(event.code)
  }

  /** With the code that the server closes with, and an error where the app threw. */
  appEnded(code: number, error?: unknown): void {
    if (error instanceof ClientDisconnected) this.#clientGone = true
    if (this.#state === 'open') return this.#closed(this.#isClientGone() ? 1006 : code)
    if (this.#state === 'over') return

    this.#state = 'over'
    if (this.#isClientGone())
      this.#writeLine('- disconnected', { status: null, outcome: 'disconnected' })
    else this.#denied(500)
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
        if (event.moreBody !== true) this.#denied(this.#denialStatus)
    }
  }

  #accepted(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.#writeLine('101 accepted', { status: 101, outcome: 'accepted' })
  }

  #denied(status: number): void {
    if (this.#state !== 'connecting') return
    this.#state = 'over'
    this.#writeLine(`${status} denied`, { status, outcome: 'denied' })
  }

  #closed(code: number): void {
    if (this.#state !== 'open') return
    this.#state = 'over'
    this.#writeLine(`closed ${code}`, { code, outcome: 'closed' })
  }

  #isClientGone(): boolean {
    if (this.#clientGone) return true
    return this.#scope['isthmus.connection']?.signal.reason instanceof ClientDisconnected
  }
}
