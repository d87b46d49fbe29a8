// Counts events, and tells their rate over the last minute.

import { Minute } from './minute.ts'

interface Counter {
  count: number
}

/** Counts events by the windows of the last minute. */
export class RecentCount {
  readonly #minute: Minute<Counter>

  constructor(now: number) {
    this.#minute = new Minute({ make, clear }, now)
  }

  add(now: number): void {
    this.#minute.at(now).count += 1
  }

  perSecond(now: number): number {
    let sum = 0
    for (const { count } of this.#minute.recent(now)) sum += count
    return (sum * 1_000) / Math.max(this.#minute.coveredMs(now), 1_000)
  }
}

function make(): Counter {
  return { count: 0 }
}

function clear(counter: Counter): void {
  counter.count = 0
}
