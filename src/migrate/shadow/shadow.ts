// The copies of a migration: they begin when the client has its answer, and wait for each other.

import { RecentDurations } from '../../figures/recent-durations.ts'
import { ServerShutdownError } from '../../errors.ts'
import { Fifo } from '../../waiting/fifo.ts'
import { inNeutralContext } from '../../waiting/neutral-context.ts'
import { decoded } from '../compare/answer.ts'
import { Copy } from './copy.ts'
import { BodySpace } from './kept-bytes.ts'
import { isTooLong, Original } from './original.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { ShadowReport } from '../../contract/report.ts'
import type { FailureLog } from '../failure-log.ts'
import type { Findings } from '../findings/findings.ts'
import type { ShadowSettings } from '../settings.ts'
import type { Side } from '../side.ts'
import type { CopyAnswer } from './copy.ts'
import type { ServedScope } from './original.ts'

// The requests that wait for a copy.
const MAX_WAITING = 128

/** The parts of the migration that the copies need. */
interface ShadowParts {
  from: Side
  to: Side
  findings: Findings
  failures: FailureLog
}

/** Makes the copies and hands the answers to the findings. */
export class Shadow {
  readonly #parts: ShadowParts
  readonly #space = new BodySpace()
  readonly #latency = new RecentDurations()
  readonly #waiting = new Fifo<Original>()
  readonly #skipped = new Map<string, number>()
  readonly #running = new Set<Promise<void>>()
  readonly #copies = new Set<Copy>()
  #concurrency = 0
  #failed = 0
  #isDue = false
  #isStopped = false

  constructor(parts: ShadowParts) {
    this.#parts = parts
  }

  /** Begins to record a request to the old app; null if there is no copy of this one. */
  record(scope: HttpScope, settings: ShadowSettings): Original | null {
    const { rate, methods } = settings
    if (!methods.includes(scope.method) || this.#isStopped || !isServed(scope)) return null
    if (rate < 1 && Math.random() >= rate) return null
    if (isTooLong(scope, settings)) return this.#skip('request-too-large')
    if (this.#waiting.length >= MAX_WAITING) return this.#skip('busy')

    const original = new Original(scope, settings, this.#space)
    scope['isthmus.exchange'].onEnd((end) => {
      const reason = original.reasonAgainst(end)
      if (reason === null) return this.#queue(original)
      original.clear()
      this.#skip(reason)
    })
    return original
  }

  report(): Pick<ShadowReport, 'skipped' | 'failed' | 'latencyMs'> {
    const skipped = Object.fromEntries(this.#skipped)
    return { skipped, failed: this.#failed, latencyMs: this.#latency.stats() }
  }

  /** Allows copies, also after {@link stop}. */
  start(): void {
    this.#isStopped = false
  }

  /** Stops all copies, and waits for their end: three seconds at most. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next.clear()
    for (const copy of this.#copies) copy.stop(new ServerShutdownError())
    await Promise.all(this.#running)
  }

  #skip(reason: string): null {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1)
    return null
  }

  #queue(original: Original): void {
    if (this.#isStopped || this.#waiting.length >= MAX_WAITING) {
      original.clear()
      this.#skip('busy')
      return
    }
    this.#concurrency = original.settings.concurrency
    this.#waiting.push(original)
    this.#schedule()
  }

  // One start in each turn of the event loop, so that clients have theirs in between.
  #schedule(): void {
    if (this.#isDue || this.#waiting.length === 0) return
    if (this.#running.size >= this.#concurrency) return
    this.#isDue = true
    // A copy runs in the async context of no client.
    inNeutralContext(() => setImmediate(() => this.#startNext()))
  }

  #startNext(): void {
    this.#isDue = false
    const original = this.#waiting.shift()
    if (original === undefined) return
    const run = this.#compare(original).finally(() => {
      original.clear()
      this.#running.delete(run)
      this.#schedule()
    })
    this.#running.add(run)
    this.#schedule()
  }

  async #compare(original: Original): Promise<void> {
    const { from, to, findings, failures } = this.#parts
    const { scope, settings } = original
    failures.follow(scope['isthmus.exchange'].log)
    try {
      const copied = await this.#copy(original, to)
      if (copied === null) return
      this.#latency.record(copied.durationMs)
      // After the other copy: a clock or a counter that has moved on for that one has moved on for this one too.
      if (this.#isStopped) return
      const again = settings.baseline ? await this.#copy(original, from) : null
      if (settings.baseline && again === null) return
      const answer = await original.answer()
      if (answer === null) return void this.#skip('response-too-large')
      findings.take(scope, {
        from: await decoded(answer, settings.maxBodyBytes),
        to: copied.answer,
        again: again?.answer ?? null,
      })
    } catch (error) {
      this.#skip('compare-failed')
      failures.tell(scope, 'the comparison of two answers failed', error)
    }
  }

  async #copy(original: Original, side: Side): Promise<CopyAnswer | null> {
    const copy = new Copy(original, side)
    this.#copies.add(copy)
    try {
      return await copy.run()
    } catch (error) {
      if (error instanceof ServerShutdownError) return null
      if (side.name === 'to') this.#failed += 1
      else this.#skip('baseline-failed')
      const name = side.name === 'to' ? 'new' : 'old'
      this.#parts.failures.tell(original.scope, `a copy to the ${name} app failed`, error)
      return null
    } finally {
      this.#copies.delete(copy)
    }
  }
}

function isServed(scope: HttpScope): scope is ServedScope {
  return scope['isthmus.exchange'] !== undefined
}
