// How one HTTP exchange ends, told from what is sent and what is taken.

import { getHeader } from '../../http/headers.ts'
import { answerStatus, lossOf, replacesStart } from '../server-answer.ts'
import type { HttpResponseStartEvent, HttpScope, SendEvent } from '../../contract/events.ts'
import type { ResponseEnd } from '../response-end.ts'
import type { AppEnd } from '../server-answer.ts'

type Outcome = 'complete' | 'disconnected' | 'aborted'

/** Watches what is sent for one request, and calls back once the response is complete, or never will be. */
export class HttpWatch {
  readonly #scope: HttpScope
  readonly #onEnd: (end: ResponseEnd) => void
  #status: number | null = null
  /** Null where the server knows and nobody else: its own answers, and files of no announced length. */
  #bytes: number | null = 0
  #declaredBytes: number | null = null
  /** What is sent of the body goes nowhere. */
  #bodyless = false
  #trailers = false
  #headOut = false
  #pending = 0
  #appEnd: AppEnd | undefined
  #isOver = false

  constructor(scope: HttpScope, onEnd: (end: ResponseEnd) => void) {
    this.#scope = scope
    this.#onEnd = onEnd
  }

  // What the server refuses was not sent, so it counts only once it was taken; the promise goes on as it is.
  sending(event: SendEvent, sent: Promise<void>): Promise<void> {
    this.#pending += 1
    sent.then(
      () => this.#settled(() => this.#taken(event)),
      (error: unknown) => this.#settled(() => this.#refused(event, error)),
    )
    return sent
  }

  appEnded(end: AppEnd): void {
    this.#appEnd = end
    this.#conclude()
  }

  #settled(note: () => void): void {
    this.#pending -= 1
    if (this.#isOver) return
    note()
    this.#conclude()
  }

  #taken(event: SendEvent): void {
    switch (event.type) {
      case 'http.response.start':
        return this.#started(event)
      case 'http.response.body':
        this.#headOut = true
        if (!this.#bodyless) this.#bytes = (this.#bytes ?? 0) + Buffer.byteLength(event.body ?? '')
        return this.#bodyTaken(event.moreBody !== true)
      case 'http.response.pathsend':
        this.#headOut = true
        this.#bytes = this.#bodyless ? 0 : this.#declaredBytes
        return this.#bodyTaken(true)
      case 'http.response.trailers':
        if (event.moreTrailers !== true) this.#finish('complete')
        return
      default:
    }
  }

  #started({ status, headers = [], trailers = false }: HttpResponseStartEvent): void {
    const length = getHeader(headers, 'content-length')
    const type = getHeader(headers, 'content-type') ?? ''
    this.#status = status
    this.#trailers = trailers
    this.#declaredBytes = length === undefined ? null : Number(length)
    this.#bodyless = this.#scope.method === 'HEAD' || status === 204 || status === 304
    this.#headOut = /^text\/event-stream\b/i.test(type)
  }

  // Where there is no body, the first event of one ends the response, whatever is said to follow.
  #bodyTaken(isLast: boolean): void {
    if (this.#bodyless || (isLast && !this.#trailers)) this.#finish('complete')
  }

  #refused(event: SendEvent, error: unknown): void {
    if (event?.type !== 'http.response.pathsend' || !isUnopened(error)) return
    if (lossOf(this.#scope, { threw: true, error })) return
    this.#answered(error.code === 'ENOENT' ? 404 : 500)
  }

  // An app that did not wait for its sends may end before they are taken.
  #conclude(): void {
    const end = this.#appEnd
    if (!end || this.#pending > 0 || this.#isOver) return

    const loss = lossOf(this.#scope, end)
    if (loss) return this.#finish(loss === 'left' ? 'disconnected' : 'aborted')
    const replaced = !this.#headOut && replacesStart(end)
    if (this.#status !== null && !replaced) return this.#finish('aborted')
    this.#answered(answerStatus(this.#scope, end))
  }

  // Outside of the chain the server answers for the app.
  #answered(status: number): void {
    this.#status = status
    this.#bytes = null
    this.#finish('complete')
  }

  #finish(outcome: Outcome): void {
    this.#isOver = true
    const error = this.#appEnd?.threw ? this.#appEnd.error : undefined
    this.#onEnd({ outcome, status: this.#status, bytes: this.#bytes, code: undefined, error })
  }
}

function isUnopened(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || syscall === 'open'
}
