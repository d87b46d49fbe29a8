// How a host works through its requests, in the eyes of the scheduler.

import type { HostPort } from './host-port.ts'

/** The facts about a host that its pace needs. */
export interface PacedHost {
  /** The number of its requests. */
  readonly load: number
  /** The number of its requests that do not wait for their client. */
  readonly active: number
  /** Whether a WebSocket holds the host, or will when its turn comes. */
  readonly isHeld: boolean
  readonly port: Pick<HostPort<never>, 'reached' | 'waitedMs' | 'ask' | 'steps'>
  /** The number after the last request that was taken back. */
  readonly takenBackTo: number
  turnSince: number
  /** The time at which the oldest request that is not over was assigned. */
  readonly oldestSince: number
  busyMs: number
}

/** The rules of one way to run requests: one at a time, or side by side. All times are in ms. */
export interface Pace {
  /** Whether a request of the host may wait for another pool, so that a deadlock is possible. */
  readonly holdsSlots: boolean
  /** Whether the requests of the host share an event loop. */
  readonly isSideBySide: boolean
  /** The requests that the host runs at the same time. */
  readonly slots: number
  /** How long a busy host has been at the same place: in one request, or in one turn of its event loop. */
  heldMs(host: PacedHost, now: number): number
  /** Whether the host may get one more request although it has others. */
  hasRoomAhead(host: PacedHost, now: number): boolean
  /** Whether the host does not come to new requests, because the rest of an old one keeps it busy. */
  isAway(host: PacedHost, now: number): boolean
  /** A request is over that took `tookMs`. */
  finished(host: PacedHost, tookMs: number, now: number): void
}

/** A host that is at one place for longer than this is slow: other requests do not wait for it if they can choose. */
export const SLOW_MS = 5
