// How many threads and processes a load needs.

import { simulate } from './simulate.ts'
import type { Load, Outcomes, Setup } from './simulate.ts'

/** The limits that the answers have to keep. */
export interface Goal {
  /** The 99th percentile from the arrival to the end, in ms. */
  p99Ms: number
  /** The most requests that may get 503 or 504, from 0 to 1. */
  failedShare: number
}

/** One candidate. */
export interface Candidate {
  setup: Setup
  outcomes: Outcomes
  isEnough: boolean
}

/** The answer. */
export interface Need {
  candidates: Candidate[]
  /** The first candidate that keeps the limits; undefined if there is none. */
  enough: Candidate | undefined
  /** The processes for which the event loops alone ask. */
  processes: number
  /** The machines for which the cores alone ask. */
  machines: number
}

/** An event loop, or all cores, that are busier than this have no room for the next peak. */
const ROOM = 0.7
/** More threads do not help cores that are busier than this. */
const FULL = 0.97
const MOST_THREADS = 128

/** @param loopMs the time of the event loop for a request */
export function needOf(
  load: Load,
  setup: Omit<Setup, 'threads'>,
  { goal, loopMs }: { goal: Goal; loopMs: number },
): Need {
  const { perSecond, serviceMs, cpuShare } = load
  const loops = Math.max(1, Math.ceil((perSecond * loopMs) / 1000 / ROOM))
  const processes = Math.max(setup.processes, loops)
  const busyCores = (perSecond * (serviceMs * cpuShare + loopMs)) / 1000
  const machines = Math.ceil(busyCores / (setup.cores * ROOM))
  const candidates: Candidate[] = []
  for (const threads of threadsToTry(load, processes)) {
    const candidate = tried(load, { ...setup, processes, threads }, goal)
    candidates.push(candidate)
    const { coreUtilization } = candidate.outcomes
    if (candidate.isEnough || (coreUtilization > FULL && threads >= setup.cores)) break
  }
  const enough = candidates.find(({ isEnough }) => isEnough)
  return { candidates, enough, processes, machines }
}

// Fewer threads than those that are busy on the average have a queue that grows for ever.
function* threadsToTry(
  { perSecond, serviceMs }: Load,
  processes: number,
): Generator<number, void, undefined> {
  const busy = (perSecond * serviceMs) / 1000 / processes
  let threads = Math.max(1, Math.floor(busy))
  for (; threads <= MOST_THREADS; threads += Math.max(1, Math.floor(threads / 8))) yield threads
}

function tried(load: Load, setup: Setup, { p99Ms, failedShare }: Goal): Candidate {
  const outcomes = simulate(load, setup)
  const { answeredMs, refusedShare, timedOutShare } = outcomes
  const isEnough = answeredMs.p99 <= p99Ms && refusedShare + timedOutShare <= failedShare
  return { setup, outcomes, isEnough }
}
