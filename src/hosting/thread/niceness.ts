// How far a thread stands back behind the event loop when there are not enough cores for both.

import { getPriority, setPriority } from 'node:os'

const LEAST_PRIORITY = 19
const THIS_THREAD = 0

/** Lowers the priority of the calling thread by `nice`, as nice(1) has it. On Linux only: elsewhere processes have one, not threads. */
export function standBack(nice: number): void {
  if (process.platform !== 'linux' || nice === 0) return
  try {
    setPriority(THIS_THREAD, Math.min(getPriority(THIS_THREAD) + nice, LEAST_PRIORITY))
  } catch {
    // A sandbox that forbids it: the thread runs like all others.
  }
}
