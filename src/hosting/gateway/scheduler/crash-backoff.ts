// The pause before a new host when hosts crash one after the other: a service that the app needs may be down.

const CRASHES_WITHOUT_PAUSE = 2
const FIRST_PAUSE_MS = 80
const MAX_PAUSE_MS = 5_000

/** Counts the crashes since a host last finished a request. Each crash after the second one doubles the pause. */
export class CrashBackoff {
  #crashes = 0
  #pausedUntil = -Infinity

  /** Whether no host may be started at the time `now`. */
  isPaused(now: number): boolean {
    return now < this.#pausedUntil
  }

  crashed(now: number): void {
    this.#crashes += 1
    if (this.#crashes <= CRASHES_WITHOUT_PAUSE || this.isPaused(now)) return
    const doubled = FIRST_PAUSE_MS * 2 ** (this.#crashes - CRASHES_WITHOUT_PAUSE - 1)
    this.#pausedUntil = now + Math.min(doubled, MAX_PAUSE_MS)
  }

  /** A host has finished a request, so the app works. */
  recovered(): void {
    this.#crashes = 0
  }
}
