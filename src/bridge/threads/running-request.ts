// Which request this thread is running: what blocking code calls out through.

import type { Wires } from './gateway-link.ts'
import type { HostedBody } from './hosted-body.ts'
import type { AnswerMessage } from './messages.ts'

/** A running request, as its calls see it. */
export interface Caller {
  readonly id: number
  readonly wires: Wires
  readonly body: HostedBody
  /** Calls under way, by their number. */
  readonly calls: Map<number, { take(message: AnswerMessage): void }>
  /** Throws when nobody waits for the request any more. */
  refuseCancelled(): void
}

let running: Caller | undefined

/** The innermost request that runs here; undefined outside of pool threads and between requests. */
export function runningRequest(): Caller | undefined {
  return running
}

/** Runs `work` as `caller`. */
export function runAs(caller: Caller, work: () => void): void {
  const outer = running
  running = caller
  try {
    work()
  } finally {
    running = outer
  }
}
