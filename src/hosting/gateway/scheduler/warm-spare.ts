// One host beyond `max` that has loaded the app and waits. A pool has it for some time after a request has ended its host:
// the next such request costs the other requests no load.

import type { Host } from './host.ts'
import type { ScheduledRequest } from './host-port.ts'

/** The time after such a crash for which a pool has a spare host. */
const KEPT_MS = 60_000

/** The place of the spare host. A pool in which no request ends its host never has one. */
export class WarmSpare<Request extends ScheduledRequest> {
  host: Host<Request> | undefined
  #keptUntil = -Infinity

  /** A request has ended its host. */
  crashed(now: number): void {
    this.#keptUntil = now + KEPT_MS
  }

  /** Whether a spare host should be started. */
  isMissing(now: number): boolean {
    return !this.host && now < this.#keptUntil
  }

  /** Whether the spare host has loaded its app, and no request has ended a host for some time. */
  isSuperfluous(now: number): boolean {
    return this.host !== undefined && this.host.phase !== 'loading' && now >= this.#keptUntil
  }

  /** Takes the spare host out of its place. */
  take(): Host<Request> | undefined {
    const { host } = this
    this.host = undefined
    return host
  }
}
