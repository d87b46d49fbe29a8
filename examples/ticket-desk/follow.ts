// New tickets of all sellers: the tail of the ledger.

import { setTimeout } from 'node:timers/promises'
import { ledger } from './ledger.ts'
import type { Ticket } from './ledger.ts'

const POLL_MS = 100

/**
 * Batches of the tickets after number `after`, and an empty batch after `heartbeatMs` without news, so that
 * the consumer can show that it is alive. Ends when `signal` is aborted.
 */
export async function* followTickets(
  after: number,
  signal: AbortSignal,
  heartbeatMs = 15_000,
): AsyncGenerator<readonly Ticket[], void, undefined> {
  let seen = after
  let quietMs = 0

  while (!signal.aborted) {
    const tickets = ledger.read()
    const fresh = tickets.slice(seen)
    seen = tickets.length
    if (fresh.length > 0 || quietMs >= heartbeatMs) {
      quietMs = 0
      yield fresh
    }
    await pause(signal)
    quietMs += POLL_MS
  }
}

/** The ticket number that a client says it has seen; without a usable one, the newest. */
export function parseSeen(text: string | null | undefined): number {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : ledger.read().length
}

// Polled, because fs.watch is silent on network drives and in some containers, and a stat is microseconds.
async function pause(signal: AbortSignal): Promise<void> {
  // The one reason to reject is that the signal was aborted, which the caller's loop looks at.
  await setTimeout(POLL_MS, undefined, { signal }).catch(() => {})
}
