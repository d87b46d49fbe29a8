// The table of the migrations in the report, with the last differences of each.

import { NONE, orNone, table } from './table.ts'
import type {
  Difference,
  MigrationReport,
  MismatchReport,
  Report,
  ShadowReport,
} from '../../contract/report.ts'
import type { Column } from './table.ts'

const SHOWN_MISMATCHES = 3
const SHOWN_DIFFERENCES = 3

const ofShadow =
  (cell: (shadow: ShadowReport) => string) =>
  ({ shadow }: MigrationReport): string =>
    shadow === null ? NONE : cell(shadow)

const COLUMNS: ReadonlyArray<Column<MigrationReport>> = [
  ['migration', ({ path }) => path],
  ['share', ({ share }) => String(share)],
  ['shadow', ofShadow(({ rate }) => String(rate))],
  ['compared', ofShadow(({ compared }) => String(compared))],
  ['matches', ofShadow(({ matches }) => String(matches))],
  ['differ', ofShadow(({ mismatches }) => String(mismatches))],
  ['noise', ofShadow(({ noise }) => String(noise))],
  ['failed', ofShadow(({ failed }) => String(failed))],
  ['old p99', ({ from }) => orNone(from.latencyMs.p99)],
  ['new p99', ({ to, shadow }) => orNone(newLatency(to.latencyMs, shadow).p99)],
]

/** One line for each migration; then the last requests that were answered differently. */
export function migrationLines({ migrations }: Report): string[] {
  return [
    ...table(migrations, COLUMNS, 1),
    ...migrations.flatMap(({ shadow }) =>
      (shadow?.last ?? []).slice(0, SHOWN_MISMATCHES).flatMap(mismatchLines),
    ),
  ]
}

// Without a client that has the new app, its copies alone tell.
function newLatency<Latency>(
  own: Latency & { max: number },
  shadow: { latencyMs: Latency } | null,
): Latency {
  return own.max === 0 && shadow ? shadow.latencyMs : own
}

function mismatchLines({ at, method, path, differences }: MismatchReport): string[] {
  const more = differences.length - SHOWN_DIFFERENCES
  return [
    `  ${at.slice(0, 19).replace('T', ' ')}  ${method} ${path}`,
    ...differences.slice(0, SHOWN_DIFFERENCES).map(differenceLine),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ]
}

function differenceLine({ part, from, to }: Difference): string {
  return `    ${part}: ${from ?? 'absent'} → ${to ?? 'absent'}`
}
