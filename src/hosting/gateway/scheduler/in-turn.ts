// The pace of a host of a sync app: it runs one request at a time, or one in each of its threads.

import { SLOW_MS } from './pace.ts'
import type { Pace, PacedHost } from './pace.ts'

/** A host whose requests take less than this may get requests ahead of time: a wake-up for each one would take longer. */
const QUICK_MS = 0.2
const MAX_AHEAD_MS = 2
const MAX_AHEAD = 32

const WEIGHT_OF_LAST = 0.2

/** Learns how quick the requests of its host are. */
export class InTurn implements Pace {
  readonly holdsSlots = true
  readonly isSideBySide = false
  readonly slots: number
  /** A moving average of the time that a request has the host to itself; Infinity before the first request. */
  #averageMs = Infinity
  // The last step of a WebSocket that this class has seen, and the time of the look.
  #steps = 0
  #steppedAt = -Infinity

  /** @param slots the requests that the host runs at the same time */
  constructor(slots: number) {
    this.slots = slots
  }

  // Each thread of a host with several ones has its request from the assignment on. The time of a WebSocket begins anew with
  // each of its calls, and stands still while it waits for its client.
  heldMs({ turnSince, oldestSince, port }: PacedHost, now: number): number {
    if (this.slots > 1) return now - oldestSince
    const { steps } = port
    if (steps !== this.#steps || (steps & 1) === 1) this.#steppedAt = now
    this.#steps = steps
    return now - Math.max(turnSince, this.#steppedAt)
  }

  hasRoomAhead(host: PacedHost, now: number): boolean {
    if (host.isHeld) return false
    if (this.slots > 1) return host.load < this.slots
    if (this.#averageMs > QUICK_MS || this.isAway(host, now)) return false
    if (host.load > 0 && now - host.turnSince > SLOW_MS) return false
    return host.load < Math.min(MAX_AHEAD, MAX_AHEAD_MS / this.#averageMs)
  }

  // The host has not even passed requests that were taken back.
  isAway({ port, takenBackTo, turnSince }: PacedHost, now: number): boolean {
    return port.reached < takenBackTo && now - turnSince >= SLOW_MS
  }

  finished(host: PacedHost, tookMs: number, now: number): void {
    host.busyMs += tookMs
    host.turnSince = now
    // The steps of a WebSocket that is over do not count for the next request.
    this.#steps = host.port.steps
    this.#averageMs =
      this.#averageMs === Infinity
        ? tookMs
        : this.#averageMs * (1 - WEIGHT_OF_LAST) + tookMs * WEIGHT_OF_LAST
  }
}
