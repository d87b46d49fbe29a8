// One request through an event app from which a host pulls: the parts that the app sends wait for the next pull.

import { deferred, rejected } from '../waiting/deferred.ts'
import { NO_IDENTITY } from '../async/framing.ts'
import { HttpExchange } from '../async/http-exchange.ts'
import { makeReceive } from '../async/receive.ts'
import { SILENT_LOG } from '../silent-log.ts'
import { settlesWithin } from '../waiting/settles-within.ts'
import { AppError, ClientDisconnectedError, IllegalEventError } from '../errors.ts'
import { isStop } from '../http/stop-reason.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { AsyncInputStream } from '../contract/environ.ts'
import type { EventApp, HttpReceiveEvent, HttpScope, SendEvent } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'

const READ_BYTES = 64 * 1024
// The time for a stopped app to end; after it, close() waits no longer.
const GRACE_MS = 3_000
const NOT_OFFERED = new Set(['http.response.early_hint', 'http.response.pathsend'])

/**
 * Runs `app` on `scope` with `input` as its request body. Receiving and sending are independent: an app that waits in
 * receive() can still send. Each body event becomes one part, at once. The code that makes a session closes it.
 */
export class EventSession {
  readonly #exchange: HttpExchange
  readonly #input: Input
  readonly #log: Log
  readonly #ended: Promise<void>
  #sentParts: SentPart[] = []
  #delivered: SentPart | undefined
  #pendingNext: Deferred<ResponsePart | null> | undefined
  #pendingReceive: Deferred<HttpReceiveEvent> | undefined
  #bodyEnded = false
  #isClosed = false
  #outcome: { error?: unknown } | undefined

  constructor(app: EventApp, scope: HttpScope, input: Input) {
    this.#input = input
    this.#log = scope['isthmus.exchange']?.log ?? SILENT_LOG
    const { method } = scope
    const facts = { method, httpVersion: '1.1', keepAlive: true, acceptsTrailers: false } as const
    this.#exchange = new HttpExchange(facts, NO_IDENTITY)
    this.#ended = this.#run(app, scope)
  }

  /**
   * The next part of the response; null after the last one. The call resolves the app's send() of the previous part.
   *
   * @throws the error of the app; {@link AppError} (`ISTHMUS_APP_FAULT`) if it ended without a whole response
   */
  next(): Promise<ResponsePart | null> {
    this.#delivered?.taken.resolve()
    this.#delivered = this.#sentParts.shift()
    if (this.#delivered) return Promise.resolve(this.#delivered.part)
    if (this.#exchange.ended) return Promise.resolve(null)
    if (this.#outcome) return rejected(errorOf(this.#outcome))
    this.#pendingNext = deferred()
    return this.#pendingNext.promise
  }

  /** Stops the app: it receives `http.disconnect`, its sends reject, and it gets three seconds to end. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#pendingReceive?.resolve({ type: 'http.disconnect' })
    const isWhole = this.#exchange.ended && this.#sentParts.length === 0
    if (isWhole) this.#delivered?.taken.resolve()
    else this.#rejectSends()
    // After a whole response the app may go on with background work, and close() does not wait for that.
    if (!isWhole) await settlesWithin(this.#ended, GRACE_MS)
  }

  #rejectSends(): void {
    this.#delivered?.taken.reject(new ClientDisconnectedError())
    for (const { taken } of this.#sentParts) taken.reject(new ClientDisconnectedError())
    this.#sentParts = []
  }

  async #run(app: EventApp, scope: HttpScope): Promise<void> {
    try {
      const receive = makeReceive(() => this.#receive())
      await app(scope, receive, (event) => this.#send(event))
      this.#outcome = {}
    } catch (error) {
      this.#outcome = { error }
      this.#logLate(error)
    }
    if (!this.#exchange.ended) this.#pendingNext?.reject(errorOf(this.#outcome))
  }

  // next() throws the error as long as the host still pulls. A later error goes to the log.
  #logLate(error: unknown): void {
    const isLate = this.#isClosed || this.#exchange.ended
    if (!isLate || isStop(error)) return
    this.#log.error({ err: error }, 'the event app failed after its response')
  }

  // The end of the session settles the pending receive. A Promise.race with that end would keep every received event in
  // memory.
  #receive(): Promise<HttpReceiveEvent> {
    if (this.#isClosed) return Promise.resolve({ type: 'http.disconnect' })
    if (this.#pendingReceive) return this.#pendingReceive.promise
    const pending = deferred<HttpReceiveEvent>()
    this.#pendingReceive = pending
    // After the body, the only event left is the disconnect at the end of the session.
    if (this.#bodyEnded) return pending.promise
    this.#read().then(
      (event) => pending.resolve(event),
      (error: unknown) => pending.reject(error),
    )
    return pending.promise
  }

  async #read(): Promise<HttpReceiveEvent> {
    try {
      const body = await this.#input.read1Async(READ_BYTES)
      this.#bodyEnded = body.length === 0
      return { type: 'http.request', body, moreBody: !this.#bodyEnded }
    } catch (error) {
      if (error instanceof ClientDisconnectedError) return { type: 'http.disconnect' }
      throw error
    } finally {
      this.#pendingReceive = undefined
    }
  }

  #send(event: SendEvent): Promise<void> {
    if (this.#isClosed && !this.#exchange.ended) return rejected(new ClientDisconnectedError())
    try {
      if (NOT_OFFERED.has(event?.type)) {
        throw new IllegalEventError(`${event.type} is not offered in scope.extensions here`)
      }
      const command = this.#exchange.accept(event)
      if (command.type === 'write') return this.#hand(command.part)
      return this.#exchange.dropping ? rejected(new ClientDisconnectedError()) : Promise.resolve()
    } catch (error) {
      return rejected(error)
    }
  }

  // Resolves when the host asks for the part after this one, so that the app sends at the pace of the host.
  #hand(part: ResponsePart): Promise<void> {
    const sent = { part, taken: deferred() }
    if (this.#pendingNext) {
      this.#delivered = sent
      this.#pendingNext.resolve(part)
      this.#pendingNext = undefined
    } else {
      this.#sentParts.push(sent)
    }
    return sent.taken.promise
  }
}

type Input = Pick<AsyncInputStream, 'read1Async'>

interface SentPart {
  part: ResponsePart
  taken: Deferred<void>
}

function errorOf({ error }: { error?: unknown }): unknown {
  return error ?? new AppError('the event app ended before its response was complete')
}
