// The figures of one mounted app: its requests, its WebSockets, its latency and its time on the event loop.

import { DurationTotals } from './duration-totals.ts'
import { LoopTime } from './loop-time.ts'
import { RecentCount } from './recent-count.ts'
import { RecentDurations } from './recent-durations.ts'
import type { ResponseEnd } from '../contract/events.ts'
import type { MountReport } from '../contract/report.ts'

type Outcome = ResponseEnd['outcome']

/** The figures of the app at one path. Exchanges feed them. */
export class MountFigures {
  /** The root path that the app gets in its scope: `''` for the root. */
  readonly rootPath: string
  readonly loop: LoopTime = new LoopTime()
  readonly #latencies = new RecentDurations()
  readonly #totals = new DurationTotals()
  readonly #rate: RecentCount
  readonly #children = new Map<string, MountFigures>()
  readonly #classes = [0, 0, 0, 0, 0, 0]
  #inFlight = 0
  #total = 0
  #disconnected = 0
  #aborted = 0
  #openWebSockets = 0
  #webSockets = 0

  constructor(rootPath: string, now: number) {
    this.rootPath = rootPath
    this.#rate = new RecentCount(now)
  }

  /** Whether an exchange has reached the app. */
  get isUsed(): boolean {
    return this.#total + this.#webSockets > 0
  }

  /** The figures below `prefix`, once they are known. The prefix is a constant, so the look-up makes no string. */
  below(prefix: string): MountFigures | undefined {
    return this.#children.get(prefix)
  }

  /** Keeps the figures below `prefix`. */
  keepBelow(prefix: string, figures: MountFigures): void {
    this.#children.set(prefix, figures)
  }

  /** Takes an exchange with `count` 1. Gives it up with -1, when an app further in takes it. */
  took(isWebSocket: boolean, count: 1 | -1): void {
    if (isWebSocket) {
      this.#openWebSockets += count
      this.#webSockets += count
    } else {
      this.#inFlight += count
      this.#total += count
    }
  }

  /** A WebSocket is closed or denied. Its duration is no latency. */
  closed(): void {
    this.#openWebSockets -= 1
  }

  /**
   * A request has ended after `ms`. The duration counts as a latency if the response is complete, or if the client left
   * before the head; a client that leaves later has decided about the duration itself.
   */
  ended(outcome: Outcome, status: number | null, ms: number, now: number): void {
    this.#inFlight -= 1
    this.#rate.add(now)
    if (status !== null) this.#count(status)
    if (outcome === 'disconnected') this.#disconnected += 1
    else if (outcome === 'aborted') this.#aborted += 1
    const isGivenUp = outcome === 'disconnected' && status === null
    if (outcome !== 'complete' && !isGivenUp) return
    this.#latencies.record(ms, now)
    this.#totals.record(ms)
  }

  report(
    now: number,
  ): Pick<MountReport, 'requests' | 'webSockets' | 'latencyMs' | 'latencyCounts' | 'loop'> {
    return {
      requests: {
        inFlight: this.#inFlight,
        total: this.#total,
        perSecond: this.#rate.perSecond(now),
        byClass: this.#byClass(),
        disconnected: this.#disconnected,
        aborted: this.#aborted,
      },
      webSockets: { open: this.#openWebSockets, total: this.#webSockets },
      latencyMs: this.#latencies.stats(),
      latencyCounts: this.#totals.report(),
      loop: this.loop.report(),
    }
  }

  #count(status: number): void {
    const digit = Math.trunc(status / 100)
    this.#classes[digit] = (this.#classes[digit] ?? 0) + 1
  }

  #byClass(): Record<string, number> {
    const entries = this.#classes.map((count, digit) => [String(digit), count] as const)
    return Object.fromEntries(entries.filter(([, count]) => count > 0))
  }
}
