// The model beside the measured scenario `saturation`: the same load, round by round.

import { readReport } from '../report.ts'
import { median } from '../statistics.ts'
import { simulate } from './simulate.ts'
import type { Setup } from './simulate.ts'

/** One number, measured and simulated: medians over the rounds. */
export interface Pair {
  measured: number
  simulated: number
}

/** One row at one load. */
export interface Compared {
  row: string
  /** The load, in percent of the capacity that the same server has shown. */
  percent: number
  p50Ms: Pair
  p99Ms: Pair
  maxMs: Pair
  refusedPercent: Pair
}

/** The comparison, and the run that it looks at. */
export interface Comparison {
  date: string
  commit: string
  machine: string
  node: string
  seconds: number
  rows: Compared[]
}

const QUEUES: Readonly<Record<string, number>> = {
  'isthmus, one thread': 1_000,
  'isthmus, one thread, maxQueue 32': 32,
}

/** @param file a results.json with the scenario `saturation` */
export function compareSaturation(file: URL): Comparison {
  const report = readReport(file)
  const scenario = report.scenarios.find(({ id }) => id === 'saturation')
  if (!scenario) throw new Error('the results have no scenario saturation')
  const { date, commit, machine, versions, seconds } = report
  const rows = scenario.rows
    .filter(({ name }) => name in QUEUES)
    .flatMap(({ name, cells }) =>
      Object.entries(cells).map(([percent, cell]) => {
        return compared({ row: name, percent: Number(percent) }, cell?.rounds ?? [], seconds)
      }),
    )
  return { date, commit, machine, node: versions['node'] ?? '', seconds, rows }
}

type Round = Readonly<Record<string, number>>

function compared(
  subject: { row: string; percent: number },
  rounds: readonly Round[],
  seconds: number,
): Compared {
  const simulated = rounds.map((round) => simulatedRound(round, subject, seconds))
  const pairOf = (name: string): Pair => ({
    measured: median(rounds.map((round) => round[name] ?? NaN)),
    simulated: median(simulated.map((round) => round[name] ?? NaN)),
  })
  return {
    ...subject,
    p50Ms: pairOf('p50Ms'),
    p99Ms: pairOf('p99Ms'),
    maxMs: pairOf('maxMs'),
    refusedPercent: pairOf('refusedPercent'),
  }
}

// The capacity of the round gives the time of a request: one thread was busy all the time.
function simulatedRound(
  round: Round,
  { row, percent }: { row: string; percent: number },
  seconds: number,
): Round {
  const capacity = round['capacityPerSecond'] ?? NaN
  const perSecond = (capacity * percent) / 100
  const outcomes = simulate(
    {
      perSecond,
      arrivals: 'steady',
      serviceMs: 1000 / capacity,
      variation: 0,
      cpuShare: 1,
      requests: Math.round(perSecond * seconds),
      seed: 1,
    },
    { ...ONE_THREAD, maxQueue: QUEUES[row] ?? NaN },
  )
  const { p50, p99, max } = outcomes.answeredMs
  return { p50Ms: p50, p99Ms: p99, maxMs: max, refusedPercent: outcomes.refusedShare * 100 }
}

const ONE_THREAD: Omit<Setup, 'maxQueue'> = {
  processes: 1,
  threads: 1,
  cores: 1,
  loadMs: 0,
  queueTimeoutMs: 30_000,
  timeoutMs: 30_000,
}

/** A line for each number: measured, simulated, and the difference. */
export function errorLines({ rows }: Comparison): string[] {
  return rows.flatMap((row) =>
    NUMBERS.map(([name, unit]) => {
      const { measured, simulated } = row[name]
      const difference = simulated - measured
      const values = `${measured.toFixed(1)} measured, ${simulated.toFixed(1)} simulated`
      return `${row.row}, ${row.percent} %: ${name} ${values} (${difference.toFixed(1)} ${unit})`
    }),
  )
}

const NUMBERS = [
  ['p50Ms', 'ms'],
  ['p99Ms', 'ms'],
  ['maxMs', 'ms'],
  ['refusedPercent', 'points'],
] as const
