// The counters of a pool.

import { DurationBuckets } from '../../../figures/duration-buckets.ts'
import type { Host } from './host.ts'
import type { DurationStats } from '../../../figures/duration-buckets.ts'
import type { ScheduledRequest } from './host-port.ts'

/** The load of a pool at one moment, and its totals since the start of the pool. */
export interface LoadStats {
  /** Requests that hosts have at the moment. Nested ones count, and those that a host has ahead of time. */
  inFlight: number
  /** Requests that wait for a host at the moment. */
  queued: number
  /** WebSockets of a sync app that hold a host at the moment, or wait for one. Those of other apps do not count. */
  webSockets: number
  /** Requests that hosts have finished, with a response or with an error. Nested ones do not count. */
  completed: number
  /** Requests that got 503 because the queue was full, or because they waited there for too long. */
  refused: number
  /** Requests that had a host for longer than `timeoutMs`. */
  timedOut: number
  /** Hosts that ended by themselves. */
  crashes: number
  /** The time of completed requests between their arrival and their turn; the way to the host and back counts. */
  waitMs: DurationStats
  /** The time that completed requests had a host to themselves. */
  runMs: DurationStats
  /** The part of the time of all ready hosts in which a request ran, from 0 to 1. */
  utilization: number
}

/** The facts about the requests that wait. */
interface WaitingFacts {
  readonly waiting: number
  readonly refused: number
  /** The number of those that will hold their host. */
  readonly holding: number
}

/** Counts events; adds up the times of hosts that have ended. */
export class LoadCounters<Request extends ScheduledRequest> {
  timedOut = 0
  crashes = 0
  #completed = 0
  readonly #waits = new DurationBuckets()
  readonly #runs = new DurationBuckets()
  #busyMs = 0
  #hostMs = 0

  /** A host has finished a request that arrived at `arrivedAt`. */
  completed(arrivedAt: number, tookMs: number, now: number): void {
    this.#completed += 1
    this.#waits.record(now - arrivedAt - tookMs)
    this.#runs.record(tookMs)
  }

  /** A host has ended: its times go into the totals. */
  ended(host: Host<Request>, now: number): void {
    if (host.phase === 'loading') return
    this.#busyMs += busyMsOf(host, now)
    this.#hostMs += now - host.readySince
  }

  stats(hosts: Iterable<Host<Request>>, queue: WaitingFacts, now: number): LoadStats {
    let [inFlight, busyMs, hostMs] = [0, this.#busyMs, this.#hostMs]
    let webSockets = queue.holding
    for (const host of hosts) {
      inFlight += host.load
      webSockets += host.holding
      if (host.phase === 'loading') continue
      busyMs += busyMsOf(host, now)
      hostMs += now - host.readySince
    }
    return {
      inFlight,
      queued: queue.waiting,
      webSockets,
      completed: this.#completed,
      refused: queue.refused,
      timedOut: this.timedOut,
      crashes: this.crashes,
      waitMs: this.#waits.stats(),
      runMs: this.#runs.stats(),
      utilization: hostMs > 0 ? Math.min(busyMs / hostMs, 1) : 0,
    }
  }
}

// The current request counts with the time that it has had so far.
function busyMsOf<Request extends ScheduledRequest>(host: Host<Request>, now: number): number {
  return host.busyMs + (host.load > 0 ? now - host.turnSince : 0)
}
