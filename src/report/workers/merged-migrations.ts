// The migrations of several processes as one.

import { mergedDurations } from './counted.ts'
import { grouped, sumOf, sumsByName } from './sums.ts'
import type {
  MigrationReport,
  MismatchReport,
  ShadowReport,
  SideReport,
} from '../../contract/report.ts'

// The record of one process has as many.
const MOST_MISMATCHES = 100

/** One migration for each path. All processes have the same share; during a change the first one counts. */
export function mergedMigrations(
  lists: ReadonlyArray<readonly MigrationReport[]>,
): MigrationReport[] {
  return [...grouped(lists, ({ path }) => path).values()].map((migrations) => ({
    path: migrations[0].path,
    share: migrations[0].share,
    from: mergedSide(migrations.map(({ from }) => from)),
    to: mergedSide(migrations.map(({ to }) => to)),
    shadow: migrations[0].shadow && mergedShadow(migrations.map(({ shadow }) => shadow)),
  }))
}

function mergedSide(sides: readonly SideReport[]): SideReport {
  const [{ hosting, style } = { hosting: 'loop' as const, style: null }] = sides
  return {
    hosting,
    style,
    requests: sumOf(sides, ({ requests }) => requests),
    errors: sumOf(sides, ({ errors }) => errors),
    latencyMs: mergedDurations(sides.map(({ latencyMs }) => latencyMs)),
  }
}

function mergedShadow(parts: ReadonlyArray<ShadowReport | null>): ShadowReport | null {
  const shadows = parts.filter((shadow) => shadow !== null)
  const [first] = shadows
  if (!first) return null
  return {
    rate: first.rate,
    baseline: first.baseline,
    compared: sumOf(shadows, ({ compared }) => compared),
    matches: sumOf(shadows, ({ matches }) => matches),
    mismatches: sumOf(shadows, ({ mismatches }) => mismatches),
    noise: sumOf(shadows, ({ noise }) => noise),
    skipped: sumsByName(shadows.map(({ skipped }) => skipped)),
    failed: sumOf(shadows, ({ failed }) => failed),
    latencyMs: mergedDurations(shadows.map(({ latencyMs }) => latencyMs)),
    last: shadows
      .flatMap(({ last }) => last)
      .toSorted(newestFirst)
      .slice(0, MOST_MISMATCHES),
  }
}

function newestFirst(a: MismatchReport, b: MismatchReport): number {
  return Date.parse(b.at) - Date.parse(a.at)
}
