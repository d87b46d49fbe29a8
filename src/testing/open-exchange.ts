// An open exchange of a test client: its transport, the run of the app, and the cause of a failed wait.

import { DeadlinePassedError } from './faults.ts'
import type { AppRun } from './app-watch.ts'

/** An HTTP exchange or a WebSocket that the test has opened. */
export interface OpenExchange {
  transport: {
    /** Makes the client leave, because the test client was closed. */
    abandon(): void
  }
  run: AppRun
  /** The name in messages: `GET /path`. */
  name: string
  deadlineMs: number
}

/** Resolves when the app has ended; throws the error that escaped it. */
export async function appEnded({ run, name, deadlineMs }: OpenExchange): Promise<void> {
  await run.ended(deadlineMs, () => `the end of the app's work on ${name}`)
  run.raise()
}

/**
 * Returns the cause of a failed wait, and makes the client leave. An error that escaped the app is the cause of the
 * cut that follows, so it comes first.
 */
export async function causeOf(exchange: OpenExchange, fault: unknown): Promise<unknown> {
  exchange.transport.abandon()
  if (fault instanceof DeadlinePassedError) return fault
  const { run, name, deadlineMs } = exchange
  await run.ended(deadlineMs, () => `the end of the app's work on ${name}`)
  const escaped = run.take()
  return escaped ? escaped.error : fault
}
