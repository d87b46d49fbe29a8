// The requests that wait for a host, within the limits of their number and of their time.

import { queueFull, tooManyWebSockets, waitedTooLong } from './pool-errors.ts'
import { RequestQueue } from './request-queue.ts'
import type { SchedulerLimits } from './commands.ts'
import type { ScheduledRequest } from './host-port.ts'

/** A queue that refuses the requests beyond its limits. */
export class WaitingRoom<Request extends ScheduledRequest> extends RequestQueue<Request> {
  /** The number of requests that were refused so far. */
  refused = 0
  readonly #limits: SchedulerLimits

  constructor(limits: SchedulerLimits) {
    super()
    this.#limits = limits
  }

  /** Whether no further request may wait. */
  get hasNoRoom(): boolean {
    return this.isFull(this.#limits.maxQueue)
  }

  /** The error of one more request. @param hosts the number of hosts that it would wait for */
  refuse(hosts: number): Error {
    this.refused += 1
    return queueFull(this.length, hosts, this.#limits)
  }

  /** Refuses a request that would hold one host more than may be held. @param held the number of hosts that are held for longer */
  admits(request: Request, held: number): boolean {
    if (held + this.holding < this.#limits.maxWebSockets) return true
    this.refused += 1
    request.fail(tooManyWebSockets(this.#limits))
    return false
  }

  /** Refuses the last request if it is too much. A host that loads has one of the requests as good as taken. */
  bound(hosts: number, loading: number): void {
    const last = this.overflow(this.#limits.maxQueue + loading)
    last?.fail(this.refuse(hosts))
  }

  /** Refuses the requests that have waited too long. */
  endLongWaits(now: number): void {
    for (const request of this.takeLate(now - this.#limits.queueTimeoutMs)) {
      this.refused += 1
      request.fail(waitedTooLong(this.#limits))
    }
  }
}
