// A histogram of durations with a fixed size: each bucket is at most an eighth as wide as its values.

/** A summary of durations, in ms. All are 0 before the first one. The quantiles are exact to about 6 %. */
export interface DurationStats {
  mean: number
  /** The median. */
  p50: number
  p99: number
}

// Values from 8 µs on have eight buckets for each power of two, up to 2³¹ µs (36 minutes).
const STEPS = 8
const STEP_BITS = 3
const MAX_MICROS = 2 ** 31 - 1
const BUCKETS = bucketOf(MAX_MICROS) + 1

/** Takes durations in ms, one by one, and never grows. */
export class DurationHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #sumMs = 0

  record(ms: number): void {
    const micros = Math.min(Math.max(ms, 0) * 1_000, MAX_MICROS)
    const bucket = bucketOf(micros)
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#count += 1
    this.#sumMs += Math.max(ms, 0)
  }

  stats(): DurationStats {
    const mean = this.#count === 0 ? 0 : this.#sumMs / this.#count
    return { mean, p50: this.#quantile(0.5), p99: this.#quantile(0.99) }
  }

  #quantile(share: number): number {
    if (this.#count === 0) return 0
    let left = this.#count * share
    const bucket = this.#counts.findIndex((count) => (left -= count) <= 0)
    return middleOf(bucket) / 1_000
  }
}

function bucketOf(micros: number): number {
  const whole = micros | 0
  if (whole < STEPS) return whole
  const exponent = 31 - Math.clz32(whole)
  const step = (whole >> (exponent - STEP_BITS)) & (STEPS - 1)
  return (exponent - STEP_BITS + 1) * STEPS + step
}

function middleOf(bucket: number): number {
  if (bucket < STEPS) return bucket + 0.5
  const exponent = Math.floor(bucket / STEPS) - 1 + STEP_BITS
  return (STEPS + (bucket % STEPS) + 0.5) * 2 ** (exponent - STEP_BITS)
}
