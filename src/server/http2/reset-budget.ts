// Bounds the requests that a client cancels: each one costs it a few bytes, and the server a call of the app.

// Browsers cancel a page of requests at a time, when their user leaves it.
const CANCELLED = 200
const WINDOW_MS = 10_000

/** Counts the cancelled requests of one session. */
export class ResetBudget {
  #cancelled = 0
  #served = 0
  #since = -Infinity

  /** A request got its whole response. */
  serve(): void {
    this.#served += 1
  }

  /** A request was cancelled. False: they are more than 200 beyond the served ones within ten seconds. */
  cancel(now: number = performance.now()): boolean {
    if (now - this.#since > WINDOW_MS) {
      this.#since = now
      this.#cancelled = 0
      this.#served = 0
    }
    this.#cancelled += 1
    return this.#cancelled <= this.#served + CANCELLED
  }
}
