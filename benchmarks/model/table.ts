// The answer of the model as text.

import { textTable } from '../table.ts'
import type { Goal, Need } from './need.ts'
import type { Load, Outcomes, Setup } from './simulate.ts'

const HEAD = [
  'processes × threads',
  'p50 ms',
  'p99 ms',
  'wait p50 ms',
  'wait p99 ms',
  '503 %',
  '504 %',
  'threads busy %',
  'cores busy %',
]

/** A line for each candidate. */
export function tableOf(candidates: ReadonlyArray<{ setup: Setup; outcomes: Outcomes }>): string {
  return textTable([HEAD, ...candidates.map(lineOf)])
}

function lineOf({ setup, outcomes }: { setup: Setup; outcomes: Outcomes }): string[] {
  const { answeredMs, waitMs, refusedShare, timedOutShare } = outcomes
  const durations = [answeredMs.p50, answeredMs.p99, waitMs.p50, waitMs.p99]
  const shares = [refusedShare, timedOutShare]
  const busy = [outcomes.threadUtilization, outcomes.coreUtilization]
  return [
    `${setup.processes} × ${setup.threads}`,
    ...durations.map((ms) => ms.toFixed(1)),
    ...shares.map((share) => (share * 100).toFixed(2)),
    ...busy.map((share) => (share * 100).toFixed(0)),
  ]
}

/** The advice. */
export function linesOf(
  { enough, processes, machines }: Need,
  { load, goal, cores }: { load: Load; goal: Goal; cores: number },
): string[] {
  const wish = `${load.perSecond} requests/s of ${load.serviceMs} ms, p99 ${goal.p99Ms} ms`
  const more = `the cores of ${machines} machines with ${cores} cores each are at most 70 % busy with this load`
  if (!enough)
    return [`No number of threads is enough for ${wish}.`, ...(machines > 1 ? [more] : [])]
  const { setup } = enough
  return [
    `${wish}: --workers ${setup.processes} --threads ${setup.threads}`,
    ...(processes > 1 ? [`the event loops need ${processes} processes`] : []),
    ...(machines > 1 ? [`little room for a peak: ${more}`] : []),
  ]
}
