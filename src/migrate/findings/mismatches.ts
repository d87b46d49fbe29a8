// The record of mismatches: bounded, newest first. A mismatch leaves it if all of its parts prove to be noise.

import type { Difference, MismatchReport } from '../../contract/report.ts'
import type { Noise, Trait } from './noise.ts'

// The report has this many; more are kept, because one that turns out to be noise is withdrawn.
const REPORTED = 100
const KEPT = 1_000
// A mismatch stands after so many further comparisons of its route, or after so long.
const PROBATION = 20
const PROBATION_MS = 60_000

/** One mismatch of the record. */
interface Mismatch {
  route: Noise
  request: Omit<MismatchReport, 'differences'>
  parts: Array<{ difference: Difference; trait: Trait }>
}

interface Kept extends Mismatch {
  /** The comparisons of the route until the mismatch stands. */
  left: number
  since: number
}

/** The last mismatches, and those that may still prove to be noise. */
export class Mismatches {
  readonly #onStand: (mismatch: MismatchReport) => void
  // The oldest first.
  #kept: Kept[] = []
  // Those that do not stand yet, in the same order.
  readonly #onProbation = new Set<Kept>()
  #timer: NodeJS.Timeout | undefined

  /** @param onStand is called once for each mismatch that stands */
  constructor(onStand: (mismatch: MismatchReport) => void) {
    this.#onStand = onStand
  }

  /** Adds a mismatch. Without a baseline it stands at once. */
  add(mismatch: Mismatch, hasBaseline: boolean): void {
    const kept = { ...mismatch, left: PROBATION, since: performance.now() }
    this.#kept.push(kept)
    this.#onProbation.add(kept)
    if (!hasBaseline) this.#stand(kept)
    else this.#timer ??= setTimeout(() => this.#look(), PROBATION_MS).unref()
    const [oldest] = this.#kept
    if (this.#kept.length <= KEPT || oldest === undefined) return
    this.#stand(oldest)
    this.#kept.shift()
  }

  /** One more comparison of `route` has ended: mismatches before it have stood one more test. */
  compared(route: Noise): void {
    for (const kept of this.#onProbation) {
      if (kept.route !== route) continue
      kept.left -= 1
      if (kept.left === 0) this.#stand(kept)
    }
  }

  /**
   * Takes out the parts of `route` that are noise now. Returns the number of these parts, and the number of mismatches of
   * which no part remains.
   */
  withdraw(route: Noise): { parts: number; mismatches: number } {
    const count = { parts: 0, mismatches: 0 }
    this.#kept = this.#kept.filter((kept) => {
      if (kept.route !== route) return true
      const parts = kept.parts.filter(({ trait }) => !route.covers(trait))
      count.parts += kept.parts.length - parts.length
      kept.parts = parts
      if (parts.length > 0) return true
      this.#onProbation.delete(kept)
      count.mismatches += 1
      return false
    })
    return count
  }

  /** Decides on all mismatches: no further comparison comes. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const kept of this.#onProbation) this.#stand(kept)
  }

  /** The last ones, the newest first. */
  last(): MismatchReport[] {
    return this.#kept.slice(-REPORTED).toReversed().map(reportOf)
  }

  #stand(kept: Kept): void {
    if (this.#onProbation.delete(kept)) this.#onStand(reportOf(kept))
  }

  #look(): void {
    this.#timer = undefined
    const due = performance.now() - PROBATION_MS
    for (const kept of this.#onProbation) if (kept.since <= due) this.#stand(kept)
    const [next] = this.#onProbation
    if (next) this.#timer = setTimeout(() => this.#look(), Math.max(1, next.since - due)).unref()
  }
}

function reportOf({ request, parts }: Mismatch): MismatchReport {
  return { ...request, differences: parts.map(({ difference }) => ({ ...difference })) }
}
