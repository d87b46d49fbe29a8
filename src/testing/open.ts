// What is under way between a test and the app, and who is to blame when it fails.

import { DeadlinePassedError } from './faults.ts'
import type { AppRun } from './app-runs.ts'

/** An exchange or a WebSocket that was opened. */
export interface Open {
  transport: {
    /** Goes away, as a client that is closed does. */
    abandon(): void
  }
  run: AppRun
  /** How messages call it: `GET /path`. */
  name: string
  deadlineMs: number
}

/** Resolves when the app has ended; throws what escaped it. */
export async function finished({ run, name, deadlineMs }: Open): Promise<void> {
  await run.ended(deadlineMs, () => `the end of the app's work on ${name}`)
  run.raise()
}

/**
 * Why a wait failed: what escaped the app comes before the cut that it has caused. When time ran out nobody
 * waits any longer: the client goes away.
 */
export async function blame(open: Open, fault: unknown): Promise<unknown> {
  open.transport.abandon()
  if (fault instanceof DeadlinePassedError) return fault
  await open.run.ended(open.deadlineMs, () => `the end of the app's work on ${open.name}`)
  const escaped = open.run.take()
  return escaped ? escaped.error : fault
}
