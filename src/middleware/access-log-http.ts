// The access log of one HTTP exchange: watches what is sent, writes one line.

import { ClientDisconnected, PeerFault } from '../errors.ts'
import { getHeader } from '../headers.ts'
import type { EventApp, HttpScope, Receive, Send, SendEvent } from '../contract/events.ts'
import type { WriteLine } from './access-line.ts'

interface HttpCall {
  scope: HttpScope
  receive: Receive
  send: Send
}

/** Runs `app` and writes its line when the response is complete, or when it never will be. */
export async function logHttp(app: EventApp, call: HttpCall, writeLine: WriteLine): Promise<void> {
  const { scope, receive, send } = call
  const watch = new ResponseWatch(scope, writeLine)
  try {
    // The result is passed on, so that the server can name an app that returns a value.
    const result = await app(scope, receive, (event) => watch.sending(event, send(event)))
    watch.appEnded()
    return result
  } catch (error) {
    watch.appEnded(error)
    throw error
  }
}

class ResponseWatch {
  readonly #scope: HttpScope
  readonly #writeLine: WriteLine
  #status: number | null = null
  #bytes = 0
  #declaredBytes = 0
  #trailers = false
  #lastIsPending = false
  #appEnded = false
  #written = false
  #clientGone = false

  constructor(scope: HttpScope, writeLine: WriteLine) {
    this.#scope = scope
    this.#writeLine = writeLine
  }

  // What the server refuses was not sent, so it counts only once it was taken; the promise goes on as it is.
  sending(event: SendEvent, sent: Promise<void>): Promise<void> {
    if (event.type === 'http.response.start') this.#trailers = event.trailers === true
    const isLast = this.#isLast(event)
    if (isLast) this.#lastIsPending = true

    sent.then(
      () => this.#taken(event, isLast),
      (error: unknown) => this.#refused(error, isLast),
    )
    return sent
  }

  /** With an error where the app threw. */
  appEnded(error?: unknown): void {
    this.#appEnded = true
    if (error instanceof ClientDisconnected) this.#clientGone = true
    if (this.#lastIsPending) return

    if (this.#status === null && !this.#isClientGone()) {
      // Outside of the chain, the server answers for the app.
      this.#status = error instanceof PeerFault ? error.status : 500
      this.#write('complete')
    } else this.#write('aborted')
  }

  #isLast(event: SendEvent): boolean {
    if (event.type === 'http.response.trailers') return event.moreTrailers !== true
    if (event.type === 'http.response.pathsend') return !this.#trailers
    return event.type === 'http.response.body' && event.moreBody !== true && !this.#trailers
  }

  #taken(event: SendEvent, isLast: boolean): void {
    if (event.type === 'http.response.start') {
      this.#status = event.status
      this.#declaredBytes = Number(getHeader(event.headers ?? [], 'content-length') ?? 0)
    } else if (event.type === 'http.response.body') {
      this.#bytes += Buffer.byteLength(event.body ?? '')
    } else if (event.type === 'http.response.pathsend') {
      this.#bytes = this.#declaredBytes
    }
    if (isLast) this.#write('complete')
  }

  #refused(error: unknown, isLast: boolean): void {
    if (error instanceof ClientDisconnected) this.#clientGone = true
    if (!isLast) return
    this.#lastIsPending = false
    if (this.#appEnded) this.#write('aborted')
  }

  #write(ended: 'complete' | 'aborted'): void {
    if (this.#written) return
    this.#written = true

    const outcome = ended === 'aborted' && this.#isClientGone() ? 'disconnected' : ended
    const status = this.#status
    const bytes = this.#scope.method === 'HEAD' ? 0 : this.#bytes
    const says = outcome === 'complete' ? `${status}` : `${status ?? '-'} ${outcome}`
    this.#writeLine(says, { status, bytes, outcome })
  }

  #isClientGone(): boolean {
    if (this.#clientGone) return true
    const signal = this.#scope['isthmus.connection']?.signal
    return signal?.reason instanceof ClientDisconnected
  }
}
