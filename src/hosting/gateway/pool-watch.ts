// Looks after the threads of a pool: who has had its time, who stands in others' way, who is not needed any more.

import { AppLoadError, AppTimeoutError } from '../../errors.ts'
import { STUCK_MS } from './pool-thread.ts'
import { sampleStack } from './stack-sample.ts'
import type { Log } from '../../contract/log.ts'
import type { PoolThread } from './pool-thread.ts'

/** What the watch has of a pool, and what it has it do. */
interface Watched {
  readonly threads: ReadonlySet<PoolThread>
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
  readonly min: number
  readonly log: Log
  /** Somebody waits for an answer, or for a thread. */
  isBusy(): boolean
  /** The requests of a thread that have not begun, except the first `kept`, are for others. */
  relieve(thread: PoolThread, kept: number): void
  /** The thread goes when it has nothing to do. */
  retire(thread: PoolThread): void
  /** The thread goes at once. */
  dismiss(thread: PoolThread): void
  failToLoad(thread: PoolThread, error: Error): void
  /** What waits goes to threads that are free. */
  handOut(): void
}

const TICK_MS = 50
// As lifespan has it: an app that loads for longer is not going to.
const LOAD_MS = 60_000

/** Looks twenty times a second. Whoever makes it closes it. */
export class PoolWatch {
  readonly #pool: Watched
  readonly #ticker: NodeJS.Timeout

  constructor(pool: Watched) {
    this.#pool = pool
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /** Holds the process until nobody waits any more. */
  hold(): void {
    this.#ticker.ref()
  }

  close(): void {
    clearInterval(this.#ticker)
  }

  #tick(): void {
    const pool = this.#pool
    const now = performance.now()
    for (const thread of pool.threads) this.#lookAfter(thread, now - thread.turnSince)
    pool.handOut()
    if (!pool.isBusy()) this.#ticker.unref()
  }

  #lookAfter(thread: PoolThread, heldMs: number): void {
    const pool = this.#pool
    if (!thread.settled) {
      if (heldMs < LOAD_MS) return
      const error = new AppLoadError(`the app took longer than ${LOAD_MS} ms to load`)
      return pool.failToLoad(thread, error)
    }
    if (thread.load > 0 || thread.isAway) {
      if (heldMs >= pool.timeoutMs) this.#end(thread).catch(() => undefined)
      else if (heldMs >= STUCK_MS) pool.relieve(thread, 1)
      return
    }
    if (heldMs >= pool.idleTimeoutMs && pool.threads.size > pool.min) pool.retire(thread)
  }

  // The request has had its time: what it is doing goes to the log, and its thread ends.
  async #end(thread: PoolThread): Promise<void> {
    if (thread.ending) return
    thread.ending = true
    const { current } = thread
    const stack = await sampleStack(thread.id)
    thread.ending = false
    // It finished while we looked, or is no more.
    const pool = this.#pool
    if (thread.current !== current || !pool.threads.has(thread)) return

    const { timeoutMs } = pool
    pool.relieve(thread, 0)
    const what = thread.load > 0 ? 'a request' : 'what a request left behind'
    pool.log.error({ timeoutMs, stack }, `${what} took too long; its thread is ended`)
    thread.failAll(new AppTimeoutError(`the app took longer than ${timeoutMs} ms`))
    pool.dismiss(thread)
    pool.handOut()
  }
}
