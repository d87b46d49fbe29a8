// Leaks of requests in their host: timers that go on, sockets that stay open.

const PAUSE_MS = 1_000
const MIN_LEAKS = 100

/** A count for each kind of resource, by the names that Node gives them. */
type Counts = Record<string, number>

/**
 * Compares the open resources with those at the start of the host. A few more are normal: a connection, or the timer of
 * a logger. A hundred more are a leak.
 */
export class LeakWatch {
  readonly #before: Counts = count()
  #lastLook: number = performance.now()

  /** Returns the leaked resources; null if there are few, or if the last look was less than a second ago. */
  look(): Counts | null {
    const now = performance.now()
    if (now - this.#lastLook < PAUSE_MS) return null
    this.#lastLook = now

    const left = Object.entries(count())
      .map(([kind, now]) => [kind, now - (this.#before[kind] ?? 0)] as const)
      .filter(([, more]) => more > 0)
    const total = left.reduce((sum, [, more]) => sum + more, 0)
    return total < MIN_LEAKS ? null : Object.fromEntries(left)
  }
}

function count(): Counts {
  const counts: Counts = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
