// The time of a task of tinybench, in nanoseconds.

import type { Bench } from 'tinybench'

/** A row for each task that has run. `each` is the number of operations in one run of a task. */
export function nanosecondsOf(bench: Bench, each = 1): object[] {
  return bench.tasks.map(({ name, result }) => {
    if (!('latency' in result)) throw new Error(`${name} was not measured`)
    const { p50, min } = result.latency
    return { name, median: rounded(p50 / each), least: rounded(min / each) }
  })
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1e6)
}
