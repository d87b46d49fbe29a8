// Passes one response on, from the parser of undici to `send`. Head and body leave in one write if they came in one read.

import { rejected } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import type { HeaderPairs, Send, SendEvent } from '../../contract/events.ts'
import type { PassedHead } from './response-head.ts'

const EMPTY = new Uint8Array(0)

/** The user of a relay. */
export interface RelayOwner {
  /** Runs `work` in the async context of the request. */
  runInAsyncScope(work: () => void): void
  /** The last event was taken. */
  relayed(): void
  /** `send` has refused an event: the client has left, or the app around broke a rule. */
  refused(error: unknown): void
}

/** The facts about a head that its fields do not have. */
interface HeadFacts {
  /** Trailers may follow the body, and the client takes them. */
  trailers: boolean
  /** A response to HEAD, a 204 or a 304. */
  isBodyless: boolean
  /** Lets the parser go on after a pause. */
  resume: () => void
}

/**
 * Relays one response. It sends one event at a time: while `send` waits for the client, it asks for a pause, and only the
 * rest of the last read waits here.
 */
export class ResponseRelay {
  readonly #send: Send
  readonly #owner: RelayOwner
  readonly #queue: SendEvent[] = []
  #resume: (() => void) | undefined
  /** A chunk that may be the last one: its event says so if the end comes in the same read. */
  #held: Uint8Array | undefined
  #remaining = -1
  #hasTrailers = false
  #isFlushDue = false
  #isWaiting = false
  #isComplete = false
  #hasEnded = false
  #isOver = false

  constructor(send: Send, owner: RelayOwner) {
    this.#send = send
    this.#owner = owner
  }

  /** All of the body has been relayed. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Relays the head. Returns whether the parser may go on now. */
  head(
    status: number,
    { headers, length }: PassedHead,
    { trailers, isBodyless, resume }: HeadFacts,
  ): boolean {
    this.#resume = resume
    this.#remaining = length
    this.#hasTrailers = trailers
    const start: SendEvent = { type: 'http.response.start', status, headers }
    if (trailers) start.trailers = true
    this.#emit(start)
    if (isBodyless) this.#last(EMPTY)
    else this.#flushSoon()
    return !this.#isWaiting
  }

  /** Relays links before the head (RFC 8297). */
  earlyHint(links: string[]): void {
    this.#emit({ type: 'http.response.early_hint', links })
  }

  /** Relays a chunk. Returns whether the parser may go on. */
  chunk(bytes: Uint8Array): boolean {
    if (this.#remaining >= 0) this.#lengthChunk(bytes)
    else this.#unknownChunk(bytes)
    return !this.#isWaiting
  }

  /** The response is complete. */
  end(trailers: HeaderPairs): void {
    if (!this.#isComplete) this.#last(this.#held ?? EMPTY)
    if (this.#hasTrailers && !this.#hasEnded)
      this.#emit({ type: 'http.response.trailers', headers: trailers })
    this.#hasEnded = true
    this.#settle()
  }

  /** Relays all that has come, before the response breaks off. */
  breakOff(): void {
    this.flush()
    this.#isOver = true
  }

  /** Relays no more. */
  stop(): void {
    this.#isOver = true
  }

  /** {@link flush}, from outside of the request's context. */
  flushInContext(): void {
    if (this.#isFlushDue && !this.#isComplete) this.#owner.runInAsyncScope(() => this.flush())
  }

  /** Relays a head without a body, and a chunk that may have been the last one. */
  flush(): void {
    if (!this.#isFlushDue) return
    this.#isFlushDue = false
    if (this.#isComplete) return
    const bytes = this.#held ?? EMPTY
    this.#held = undefined
    this.#emit({ type: 'http.response.body', body: bytes, moreBody: true })
  }

  #lengthChunk(bytes: Uint8Array): void {
    this.#remaining -= bytes.byteLength
    this.#isFlushDue = false
    if (this.#remaining > 0) this.#emit({ type: 'http.response.body', body: bytes, moreBody: true })
    else this.#last(bytes)
  }

  #unknownChunk(bytes: Uint8Array): void {
    const earlier = this.#held
    this.#held = bytes
    if (earlier) this.#emit({ type: 'http.response.body', body: earlier, moreBody: true })
    this.#flushSoon()
  }

  #last(bytes: Uint8Array): void {
    this.#held = undefined
    this.#isComplete = true
    this.#emit({ type: 'http.response.body', body: bytes, moreBody: false })
  }

  // The parser reads all that has arrived in one run of code, so the flush comes after it.
  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    due.push(this)
    if (due.length === 1) queueMicrotask(flushDue)
  }

  #emit(event: SendEvent): void {
    if (this.#isOver) return
    if (this.#isWaiting) this.#queue.push(event)
    else this.#sendNow(event)
  }

  #sendNow(event: SendEvent): void {
    const sent = this.#sending(event)
    if (sent === TAKEN) return
    this.#isWaiting = true
    sent.then(
      () => this.#sent(),
      (error: unknown) => this.#refused(error),
    )
  }

  #sending(event: SendEvent): Promise<void> {
    try {
      return this.#send(event)
    } catch (error) {
      return rejected(error)
    }
  }

  #sent(): void {
    this.#isWaiting = false
    while (!this.#isWaiting && this.#queue.length > 0) this.#sendNow(this.#queue.shift()!)
    if (this.#isWaiting) return
    // The parser waits also after the last chunk: the end of the response comes after the pause.
    if (!this.#hasEnded) this.#resume?.()
    this.#settle()
  }

  #settle(): void {
    if (!this.#hasEnded || this.#isWaiting || this.#isOver) return
    this.#isOver = true
    this.#owner.relayed()
  }

  #refused(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.refused(error)
  }
}

const due: ResponseRelay[] = []

function flushDue(): void {
  for (const relay of due.splice(0)) relay.flushInContext()
}
