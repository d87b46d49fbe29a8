// One copy of a request: it runs like a request of a client, and no byte of its answer reaches a client.

import { performance } from 'node:perf_hooks'
import { ServerExchangeContext } from '../../async/exchange-context.ts'
import { EventSession } from '../../bridge/event-session.ts'
import { AppTimeoutError } from '../../errors.ts'
import { deferred } from '../../waiting/deferred.ts'
import { decoded } from '../compare/answer.ts'
import { BodySpace } from './kept-bytes.ts'
import { marked } from './mark.ts'
import { Recording } from './recording.ts'
import type { Side } from '../side.ts'
import type { EventApp, HttpScope, ResponseEnd, SendEvent } from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Answer } from '../compare/answer.ts'
import type { Original } from './original.ts'

/** The answer to a copy. */
export interface CopyAnswer {
  answer: Answer
  /** From the call of the app to the last byte. */
  durationMs: number
}

/** One copy under way. */
export class Copy {
  readonly #original: Original
  readonly #side: Side
  readonly #context: ServerExchangeContext
  readonly #recording: Recording
  readonly #stopped: Deferred<never> = deferred<never>()
  readonly #fileSent: Deferred<void> = deferred()

  constructor(original: Original, side: Side) {
    const { scope, settings } = original
    const { log, hosting } = scope['isthmus.exchange']
    this.#original = original
    this.#side = side
    this.#context = new ServerExchangeContext(log, hosting)
    this.#recording = new Recording(scope.method, {
      // Not that of the originals: only few copies run at the same time.
      space: new BodySpace(),
      maxBytes: settings.maxBodyBytes,
    })
  }

  /**
   * Runs the app. Resolves when it has answered and has got its time to end.
   *
   * @throws the error of the app; {@link AppTimeoutError} (`ISTHMUS_APP_TIMEOUT`) after `timeoutMs`; the reason of
   *   {@link stop}
   */
  async run(): Promise<CopyAnswer> {
    const { timeoutMs, maxBodyBytes } = this.#original.settings
    const late = (): void =>
      this.stop(new AppTimeoutError(`the copy has no whole answer after ${timeoutMs} ms`))
    const timer = setTimeout(late, timeoutMs).unref()
    const startedAt = performance.now()
    const session = new EventSession(this.#recorded(), this.#scope(), bodyOf(this.#original))
    try {
      await Promise.race([this.#drain(session), this.#fileSent.promise, this.#stopped.promise])
      const durationMs = performance.now() - startedAt
      this.#finish('complete', undefined)
      const answer = (await this.#recording.answer()) as Answer
      return { answer: await decoded(answer, maxBodyBytes), durationMs }
    } catch (error) {
      this.#finish('aborted', error)
      throw error
    } finally {
      clearTimeout(timer)
      await session.close()
      this.#recording.clear()
    }
  }

  /** Stops the app: its signal aborts, it receives a disconnect, and `run()` rejects with `reason`. */
  stop(reason: Error): void {
    this.#context.abort(reason)
    this.#context.disconnect()
    this.#stopped.reject(reason)
  }

  #recorded(): EventApp {
    return (scope, receive, send) =>
      this.#side.app(scope, receive, (event) => {
        this.#recording.take(event)
        return this.#isServed(event) ? Promise.resolve() : send(event)
      })
  }

  // The session has neither early hints nor files, which the server of the client may offer.
  #isServed(event: SendEvent): boolean {
    if (event?.type === 'http.response.early_hint') return true
    if (event?.type !== 'http.response.pathsend' || this.#recording.status === null) return false
    this.#fileSent.resolve()
    return true
  }

  // The properties that the middleware of Connect left in the request belong to the request of the client.
  #scope(): HttpScope {
    const { 'isthmus.node': _node, ...scope } = this.#original.scope
    return this.#side.scopeFor({
      ...scope,
      headers: marked(scope.headers, this.#side.name === 'to' ? '1' : 'baseline'),
      'isthmus.exchange': this.#context,
    })
  }

  async #drain(session: EventSession): Promise<void> {
    for (;;) {
      const part = await session.next()
      if (part === null || part.end || this.#recording.fault !== null) return
    }
  }

  #finish(outcome: ResponseEnd['outcome'], error: unknown): void {
    const { status } = this.#recording
    this.#context.finish({ end: { outcome, status, bytes: null, code: undefined, error } })
  }
}

type Input = ConstructorParameters<typeof EventSession>[2]

function bodyOf(original: Original): Input {
  let rest: Uint8Array | null = null
  return {
    read1Async(size = Infinity): Promise<Buffer> {
      rest ??= original.body
      const part = rest.subarray(0, size)
      rest = rest.subarray(part.length)
      return Promise.resolve(Buffer.from(part))
    },
  }
}
