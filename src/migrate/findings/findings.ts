// Judges pairs of answers: a match, a mismatch, or noise.

import { answerDifferences } from '../compare/answer-differences.ts'
import { Mismatches } from './mismatches.ts'
import { traitOf } from './noise.ts'
import { Redaction, shortPath } from './redaction.ts'
import { Routes } from './routes.ts'
import type { Answer } from '../compare/answer.ts'
import type { Found } from '../compare/found.ts'
import type { MigrateSettings } from '../settings.ts'
import type { MismatchReport, ShadowReport } from '../../contract/report.ts'
import type { Noise } from './noise.ts'

// The parts of one mismatch in the record.
const MAX_PARTS = 20

/** The answers to one request. `again` is the second answer of the old app; null without a baseline. */
interface Answers {
  from: Answer
  to: Answer
  again: Answer | null
}

/** Counts and keeps the results of all comparisons of a migration. */
export class Findings {
  readonly #compare: MigrateSettings['compare']
  readonly #redaction: Redaction
  readonly #mismatches: Mismatches
  readonly #routes = new Routes()
  #count = { compared: 0, matches: 0, mismatches: 0, noise: 0 }

  /** @param onStand is called once for each mismatch that stands */
  constructor(
    { compare, redact }: Pick<MigrateSettings, 'compare' | 'redact'>,
    onStand: (mismatch: MismatchReport) => void,
  ) {
    this.#compare = compare
    this.#redaction = new Redaction(redact)
    this.#mismatches = new Mismatches(onStand)
  }

  /** Compares the answers to a request. Throws the error of a function that compares bodies. */
  take({ method, path }: { method: string; path: string }, answers: Answers): void {
    const route = this.#routes.of(method, path)
    const { from, to, again } = answers
    if (again !== null) this.#learn(route, from, again)

    const found = this.#standing(route, from, to)
    this.#count.compared += 1
    this.#mismatches.compared(route)
    if (found.length === 0) this.#count.matches += 1
    else this.#keep({ method, path: shortPath(path) }, { route, found }, again !== null)
  }

  /** The results, and the last mismatches. */
  report(): Pick<ShadowReport, 'compared' | 'matches' | 'mismatches' | 'noise' | 'last'> {
    return { ...this.#count, last: this.#mismatches.last() }
  }

  /** Decides on all mismatches, because no further comparison comes. */
  close(): void {
    this.#mismatches.close()
  }

  #learn(route: Noise, from: Answer, again: Answer): void {
    let isNews = false
    answerDifferences(from, again, this.#compare, (found) => {
      if (route.learn(found)) isNews = true
    })
    if (!isNews) return
    const { parts, mismatches } = this.#mismatches.withdraw(route)
    this.#count.noise += parts
    this.#count.mismatches -= mismatches
    this.#count.matches += mismatches
  }

  #standing(route: Noise, from: Answer, to: Answer): Found[] {
    const standing: Found[] = []
    const noise = new Set<string>()
    answerDifferences(from, to, this.#compare, (found) => {
      if (route.covers(traitOf(found))) noise.add(found.key)
      else if (standing.length < MAX_PARTS) standing.push(found)
    })
    this.#count.noise += noise.size
    return standing
  }

  #keep(
    request: { method: string; path: string },
    { route, found }: { route: Noise; found: Found[] },
    hasBaseline: boolean,
  ): void {
    this.#count.mismatches += 1
    const parts = found.map((one) => ({
      difference: this.#redaction.shown(one),
      trait: traitOf(one),
    }))
    const at = new Date().toISOString()
    this.#mismatches.add({ route, request: { at, ...request }, parts }, hasBaseline)
  }
}
