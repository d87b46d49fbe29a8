// The times that the system gives this process: they tell code that holds the event loop from a process that does not run.

import { performance } from 'node:perf_hooks'

/** The times since the start, at one moment. */
export interface ProcessTimes {
  /** The time of `performance.now()`. */
  at: number
  /** The time for which the event loop has waited for events, in ms. */
  idleMs: number
  /** The CPU time of the process, in ms. */
  cpuMs: number
  /** The number of times that the system took the processor away from a thread of the process. */
  preemptions: number
}

/** Reads the times. This takes about 5 µs. */
export function processTimes(at: number): ProcessTimes {
  const { userCPUTime, systemCPUTime, involuntaryContextSwitches } = process.resourceUsage()
  return {
    at,
    idleMs: performance.eventLoopUtilization().idle,
    cpuMs: (userCPUTime + systemCPUTime) / 1_000,
    preemptions: involuntaryContextSwitches,
  }
}

/**
 * The part of a gap of `gapMs` for which code held the event loop. The loop did not wait for events then. If the system took
 * the processor away meanwhile, only the CPU time of the process counts, so that a busy machine is not taken for a busy app.
 * Without that, code that waits for a file, a child process or a lock holds the loop all the same.
 */
export function heldMs(gapMs: number, before: ProcessTimes, now: ProcessTimes): number {
  const activeMs = now.at - before.at - (now.idleMs - before.idleMs)
  const wasTakenAway = now.preemptions > before.preemptions
  const ranMs = wasTakenAway ? now.cpuMs - before.cpuMs : Infinity
  return Math.max(Math.min(gapMs, activeMs, ranMs), 0)
}
