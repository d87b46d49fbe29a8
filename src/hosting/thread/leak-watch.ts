// What requests leave behind in their host: timers that go on, sockets that stay open.

const PAUSE_MS = 1_000
const MANY = 100

/** How many of each kind there are more than there were, by the names that node gives them. */
type Left = Record<string, number>

/**
 * Looks now and then whether there is more than there was. A host that keeps a few things, a connection or a timer
 * that flushes, is left alone; one in which they pile up is not.
 */
export class Leftovers {
  readonly #before: Left = count()
  #lastLook: number = performance.now()

  /** What has piled up; null for not much, or when the last look was less than a second ago. */
  look(): Left | null {
    const now = performance.now()
    if (now - this.#lastLook < PAUSE_MS) return null
    this.#lastLook = now

    const left = Object.entries(count())
      .map(([kind, many]) => [kind, many - (this.#before[kind] ?? 0)] as const)
      .filter(([, more]) => more > 0)
    const total = left.reduce((sum, [, more]) => sum + more, 0)
    return total < MANY ? null : Object.fromEntries(left)
  }
}

function count(): Left {
  const counts: Left = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
