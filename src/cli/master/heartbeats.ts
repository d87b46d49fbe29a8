// The beats of the workers. A worker without a beat gets no further connection, and is ended later.

import type { MasterLog } from './master-log.ts'
import type { WorkerProcess } from './worker-process.ts'

const CHECK_MS = 500
/** Workers beat each second. */
const PROMPT_MS = 2_500
/** The time of a worker to end itself with its stack in the log, before the master kills it. */
const LAST_RESORT_MS = 5_000

/** Watches the workers that take connections. */
export class Heartbeats {
  readonly #timeoutMs: number
  readonly #log: MasterLog
  /** The time of the last beat. */
  readonly #beats = new Map<WorkerProcess, number>()
  #timer: NodeJS.Timeout | undefined
  #checkedAt = 0

  /** @param timeoutMs the time that the event loop of a worker may stand still; 0 for no limit */
  constructor(timeoutMs: number, log: MasterLog) {
    this.#timeoutMs = timeoutMs
    this.#log = log
  }

  begin(): void {
    this.#checkedAt = performance.now()
    this.#timer = setInterval(() => this.check(performance.now()), CHECK_MS)
  }

  end(): void {
    clearInterval(this.#timer)
  }

  watch(worker: WorkerProcess, now: number): void {
    this.#beats.set(worker, now)
  }

  forget(worker: WorkerProcess): void {
    this.#beats.delete(worker)
  }

  beat(worker: WorkerProcess, now: number): void {
    if (!this.#beats.has(worker)) return
    this.#beats.set(worker, now)
    worker.target.isPrompt = true
  }

  /** Looks for workers that are silent. */
  check(now: number): void {
    const wasAway = now - this.#checkedAt > PROMPT_MS
    this.#checkedAt = now
    for (const [worker, beatAt] of this.#beats) {
      // The master itself stood still, or the machine slept: the beats wait to be read.
      if (wasAway) this.#beats.set(worker, now)
      else this.#judge(worker, now - beatAt)
    }
  }

  #judge(worker: WorkerProcess, silentMs: number): void {
    if (silentMs < PROMPT_MS) return
    if (worker.target.isPrompt) this.#log.silent(worker)
    worker.target.isPrompt = false
    if (this.#timeoutMs === 0 || silentMs < this.#timeoutMs + LAST_RESORT_MS) return
    this.#log.stuck(worker, silentMs)
    this.forget(worker)
    worker.kill()
  }
}
