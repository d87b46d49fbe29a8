// Durations counted by their length, so that those of several processes can be added up before a quantile is taken.

import type { Durations } from '../contract/report.ts'

/** A summary of durations, in ms. All are 0 before the first one. The quantiles are exact to 1 %. */
export interface DurationStats {
  mean: number
  /** The median. */
  p50: number
  p99: number
}

/** The counts of durations in a form that passes between processes: pairs of a bucket and its count, one after the other. */
export interface BucketCounts {
  pairs: number[]
  sumMs: number
  maxMs: number
}

// Microseconds up to 128 have a bucket each. From there on each power of two has 64 buckets: a bucket is at most 1/64 as
// wide as its values, so its middle is at most 0.8 % away from them.
const STEP_BITS = 6
const STEPS = 2 ** STEP_BITS
const MICROS = 1_000
const MAX_MICROS = 3_600_000_000
const BUCKETS = bucketOf(MAX_MICROS) + 1
// A registered symbol: the app may have a second copy of the package, whose pools and migrations the server reports.
const COUNTS = Symbol.for('isthmus.duration-counts.1')

/** Takes durations in ms, one by one, and never grows: 14 KiB. A duration above one hour counts as one hour. */
export class DurationBuckets {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #sumMs = 0
  #maxMs = 0

  record(ms: number): void {
    const micros = Math.min(Math.max(Math.round(ms * MICROS), 1), MAX_MICROS)
    const bucket = bucketOf(micros)
    this.#counts[bucket] = this.#counts[bucket]! + 1
    this.#count += 1
    this.#sumMs += Math.min(Math.max(ms, 0), MAX_MICROS / MICROS)
    this.#maxMs = Math.max(this.#maxMs, micros / MICROS)
  }

  /** Adds the durations of `counts`. */
  add({ pairs, sumMs, maxMs }: BucketCounts): void {
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      const bucket = Math.min(pairs[at]!, BUCKETS - 1)
      this.#counts[bucket] = this.#counts[bucket]! + pairs[at + 1]!
      this.#count += pairs[at + 1]!
    }
    this.#sumMs += sumMs
    this.#maxMs = Math.max(this.#maxMs, maxMs)
  }

  clear(): void {
    this.#counts.fill(0)
    this.#count = 0
    this.#sumMs = 0
    this.#maxMs = 0
  }

  counts(): BucketCounts {
    const pairs: number[] = []
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const count = this.#counts[bucket]!
      if (count > 0) pairs.push(bucket, count)
    }
    return { pairs, sumMs: this.#sumMs, maxMs: this.#maxMs }
  }

  /** A summary; {@link countsOf} finds the counts that it is made of. */
  durations(): Durations {
    return this.#withCounts({ ...this.#summary(), max: this.#maxMs })
  }

  /** The summary without the longest duration. */
  stats(): DurationStats {
    return this.#withCounts(this.#summary())
  }

  #summary(): DurationStats {
    if (this.#count === 0) return { mean: 0, p50: 0, p99: 0 }
    const mean = this.#sumMs / this.#count
    return { mean, p50: this.#quantile(0.5), p99: this.#quantile(0.99) }
  }

  // Neither JSON nor a spread copies the property: it is for the report of several processes alone.
  #withCounts<Summary extends DurationStats>(summary: Summary): Summary {
    return Object.defineProperty(summary, COUNTS, { value: this })
  }

  #quantile(share: number): number {
    let left = Math.ceil(this.#count * share) - this.#counts[0]!
    let bucket = 0
    while (left > 0 && bucket < BUCKETS - 1) left -= this.#counts[++bucket]!
    return Math.min(middleOf(bucket) / MICROS, this.#maxMs)
  }
}

/** The counts of a summary; undefined for a summary that another release of the package has made. */
export function countsOf(summary: object): BucketCounts | undefined {
  const buckets = Reflect.get(summary, COUNTS) as DurationBuckets | undefined
  return buckets?.counts()
}

function bucketOf(micros: number): number {
  if (micros < STEPS) return micros
  const exponent = 31 - Math.clz32(micros)
  const step = (micros >>> (exponent - STEP_BITS)) & (STEPS - 1)
  return (exponent - STEP_BITS + 1) * STEPS + step
}

function middleOf(bucket: number): number {
  if (bucket < STEPS) return bucket
  const exponent = Math.floor(bucket / STEPS) - 1 + STEP_BITS
  const width = 2 ** (exponent - STEP_BITS)
  return (STEPS + (bucket % STEPS)) * width + (width - 1) / 2
}
