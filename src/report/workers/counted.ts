// Durations of several processes: their counts are added up before the quantiles are taken, so these are exact to 1 %.

import { countsOf, DurationBuckets } from '../../figures/duration-buckets.ts'
import type { Durations, Report } from '../../contract/report.ts'
import type { BucketCounts, DurationStats } from '../../figures/duration-buckets.ts'

/** A summary that has passed between processes, with its counts. */
interface Counted {
  counts?: BucketCounts
}

/** A copy of `report` for another process: its durations keep their counts, which JSON alone would leave out. */
export function countedReport(report: Report): Report {
  return JSON.parse(JSON.stringify(report, withCounts)) as Report
}

function withCounts(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const counts = countsOf(value)
  return counts === undefined ? value : { ...value, counts }
}

/** The summary of all durations together. */
export function mergedDurations(parts: readonly Durations[]): Durations {
  return merged(parts).durations()
}

/** The same without the longest duration. */
export function mergedStats(parts: readonly DurationStats[]): DurationStats {
  return merged(parts).stats()
}

function merged(parts: ReadonlyArray<DurationStats & { max?: number }>): DurationBuckets {
  const buckets = new DurationBuckets()
  for (const part of parts) {
    const counts = (part as Counted).counts ?? countsOf(part)
    if (counts) buckets.add(counts)
    // An app with another release of the package has no counts. Its slow end is kept, and its number is not known.
    else if (part.mean > 0) for (const ms of [part.p50, part.max ?? part.p99]) buckets.record(ms)
  }
  return buckets
}
