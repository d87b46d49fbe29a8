// The pace of a host that runs many requests at the same time, on an event loop.

import { SLOW_MS } from './pace.ts'
import type { Pace, PacedHost } from './pace.ts'

/** Looks whether the event loop of its host turns. */
export class SideBySide implements Pace {
  readonly holdsSlots = false
  readonly isSideBySide = true
  readonly slots: number = Infinity
  readonly #concurrency: number

  /** @param concurrency the most requests at the same time */
  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  heldMs({ port }: PacedHost, now: number): number {
    const waitedMs = port.waitedMs(now)
    if (waitedMs === 0) port.ask(now)
    return waitedMs
  }

  // A slow client takes the place of no other request.
  hasRoomAhead(host: PacedHost, now: number): boolean {
    const hasRoom = host.load < this.#concurrency || host.active < this.#concurrency
    return hasRoom && !this.isAway(host, now)
  }

  isAway({ port }: PacedHost, now: number): boolean {
    return port.waitedMs(now) >= SLOW_MS
  }

  // The host is busy as long as it has a request.
  finished(host: PacedHost, _tookMs: number, now: number): void {
    if (host.load > 0) return
    host.busyMs += now - host.turnSince
    host.turnSince = now
  }
}
