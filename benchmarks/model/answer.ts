// The answer of the model as text.

import { textTable } from '../table.ts'
import { needOf } from './need.ts'
import { simulate } from './simulate.ts'
import type { Goal, Need } from './need.ts'
import type { ModelOptions } from './options.ts'
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

/** The text, and whether the load can be served within the limits. */
export function answerOf({ load, setup, goal, loopMs, threads }: ModelOptions): {
  text: string
  isEnough: boolean
} {
  if (threads !== undefined) {
    const fixed = { ...setup, threads }
    const outcomes = simulate(load, fixed)
    return { text: tableOf([{ setup: fixed, outcomes }]), isEnough: true }
  }
  const need = needOf(load, setup, { goal, loopMs })
  const lines = [tableOf(need.candidates), ...linesOf(need, { load, goal, setup })]
  return { text: lines.join('\n'), isEnough: need.enough !== undefined }
}

/** A line for each candidate. */
function tableOf(candidates: ReadonlyArray<{ setup: Setup; outcomes: Outcomes }>): string {
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
function linesOf(
  { enough, processes, machines }: Need,
  { load, goal, setup: asked }: { load: Load; goal: Goal; setup: Omit<Setup, 'threads'> },
): string[] {
  const wish = `${load.perSecond} requests/s of ${load.serviceMs} ms, p99 ${goal.p99Ms} ms`
  const more = `the cores of ${machines} machines with ${asked.cores} cores each are at most 70 % busy with this load`
  if (!enough)
    return [`No number of threads is enough for ${wish}.`, ...(machines > 1 ? [more] : [])]
  const { setup } = enough
  return [
    `${wish}: --workers ${setup.processes} --threads ${setup.threads}`,
    ...(processes > asked.processes ? [`the event loops need ${processes} processes`] : []),
    ...(machines > 1 ? [`little room for a peak: ${more}`] : []),
  ]
}
