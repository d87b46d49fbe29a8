// Patience with an app whose threads end one after the other: it may be waiting for something that is down.

const CALM_CRASHES = 2
const FIRST_REST_MS = 80
const MAX_REST_MS = 5_000

/** Counts the threads that ended by themselves since the last request that one of them finished. */
export class CrashBackoff {
  #crashes = 0
  #timer: NodeJS.Timeout | undefined

  /** No thread is to be started now. */
  get isResting(): boolean {
    return this.#timer !== undefined
  }

  /** A thread ended; from the third in a row on, `wake` is called after a rest that doubles each time. */
  crashed(wake: () => void): void {
    this.#crashes += 1
    if (this.#crashes <= CALM_CRASHES || this.isResting) return
    const doubled = FIRST_REST_MS * 2 ** (this.#crashes - CALM_CRASHES - 1)
    this.#timer = setTimeout(() => this.#wake(wake), Math.min(doubled, MAX_REST_MS)).unref()
  }

  /** A request was finished: the app works. */
  recovered(): void {
    this.#crashes = 0
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #wake(wake: () => void): void {
    this.#timer = undefined
    wake()
  }
}
