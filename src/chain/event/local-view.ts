// Finds the end of an exchange under a host that does not report it, from the events that the host takes and from the
// end of the app.

import { localEnd } from '../../http/local-end.ts'
import type {
  HttpScope,
  ResponseEnd,
  Send,
  SendEvent,
  WebSocketScope,
} from '../../contract/events.ts'

/** The code of a WebSocket without a close frame of the app (RFC 6455, 7.1.5). */
const NO_CLOSE = 1006

/** Sees the events that the host takes, and calls back once: when the response is complete, or when the app has ended. */
export class LocalView {
  readonly #scope: HttpScope | WebSocketScope
  readonly #onEnd: (end: ResponseEnd) => void
  #status: number | null = null
  #bytes: number | null = 0
  #isAccepted = false
  #hasTrailers = false
  #pending = 0
  #appEnd: { error: unknown } | undefined
  #isOver = false

  constructor(scope: HttpScope | WebSocketScope, onEnd: (end: ResponseEnd) => void) {
    this.#scope = scope
    this.#onEnd = onEnd
  }

  /** Returns a `send` that watches each event. The app gets the promises of the host itself. */
  watched(send: Send): Send {
    return (event) => {
      const sent = send(event)
      this.#pending += 1
      sent.then(
        () => this.#settled(event),
        () => this.#settled(),
      )
      return sent
    }
  }

  /** Notes that the app has ended; `error` is undefined if it returned. */
  appEnded(error: unknown): void {
    this.#appEnd = { error }
    this.#conclude()
  }

  // A host may refuse an event, so an event counts when its promise resolves.
  #settled(taken?: SendEvent): void {
    this.#pending -= 1
    if (taken && !this.#isOver) this.#take(taken)
    this.#conclude()
  }

  #take(event: SendEvent): void {
    switch (event.type) {
      case 'http.response.start':
        this.#hasTrailers = event.trailers === true
        this.#status = event.status
        return
      case 'websocket.http.response.start':
        this.#status = event.status
        return
      case 'http.response.body':
      case 'websocket.http.response.body':
        if (this.#bytes !== null) this.#bytes += Buffer.byteLength(event.body ?? '')
        if (event.moreBody !== true && !this.#hasTrailers) this.#complete()
        return
      case 'http.response.pathsend':
        this.#bytes = null
        if (!this.#hasTrailers) this.#complete()
        return
      case 'http.response.trailers':
        if (event.moreTrailers !== true) this.#complete()
        return
      case 'websocket.accept':
        this.#isAccepted = true
        return
      case 'websocket.close':
        if (this.#isAccepted) return this.#closed(event.code ?? 1000)
        this.#status = 403
        return this.#complete()
      default:
    }
  }

  // An app that does not wait for its sends may end before they settle.
  #conclude(): void {
    if (!this.#appEnd || this.#pending > 0 || this.#isOver) return
    if (this.#isAccepted) return this.#closed(NO_CLOSE)
    const { error } = this.#appEnd
    const end = this.#end(error)
    this.#finish(error === undefined ? { ...end, outcome: 'aborted' } : end)
  }

  #complete(): void {
    this.#finish(this.#end(undefined))
  }

  #closed(code: number): void {
    const error = this.#appEnd?.error
    this.#finish({ outcome: 'closed', status: 101, bytes: null, code, error })
  }

  #end(error: unknown): ResponseEnd {
    const scope = this.#scope
    const method = scope.type === 'http' ? scope.method : 'GET'
    const end = localEnd({ method, status: this.#status, bytes: this.#bytes, error })
    const isDenial = scope.type === 'websocket' && end.outcome === 'complete'
    return isDenial ? { ...end, outcome: 'denied' } : end
  }

  #finish(end: ResponseEnd): void {
    this.#isOver = true
    this.#onEnd(end)
  }
}
