// Finds peers that are gone without a close: pings all WebSockets from one coarse timer.

import { MAX_TIMER_MS } from '../../waiting/settles-within.ts'

/** A connection that is watched for signs of life. */
export interface Pulse {
  /** The bytes received so far. A new byte is a sign of life. */
  readonly bytesRead: number
  /** The bytes that wait to be sent. A peer that takes some is alive, and cannot have seen the ping after them. */
  readonly backlog: number
  /** The server does not read, so silence is no sign of death. */
  readonly paused: boolean
  ping(): void
  /** The peer did not answer in time. */
  expire(): void
}

/** The time between two pings and the wait for a sign of life, in ms. With an interval of 0 no ping is sent. */
interface PingSettings {
  pingIntervalMs: number
  pongTimeoutMs: number
}

interface Watch {
  bytesRead: number
  backlog: number
  sincePing: number
  /** Ticks without a sign of life since an unanswered ping; null if every ping was answered. */
  silence: number | null
}

const TICKS = 4

/**
 * Watches any number of connections. Time is counted in ticks, each a quarter of the shorter setting, and not read from
 * a clock: after a blocked event loop, the answers that arrived meanwhile are read before the next tick, so a slow server
 * does not drop a live peer.
 */
export class Pings {
  readonly #tickMs: number
  readonly #pingTicks: number
  readonly #pongTicks: number
  readonly #watches = new Map<Pulse, Watch>()
  #timer: NodeJS.Timeout | undefined

  constructor({ pingIntervalMs, pongTimeoutMs }: PingSettings) {
    const shorterMs = Math.max(1, Math.min(pingIntervalMs, pongTimeoutMs, MAX_TIMER_MS))
    this.#tickMs = Math.ceil(shorterMs / TICKS)
    this.#pingTicks = pingIntervalMs > 0 ? Math.ceil(pingIntervalMs / this.#tickMs) : Infinity
    this.#pongTicks = Math.ceil(pongTimeoutMs / this.#tickMs)
  }

  /** Starts to watch `pulse`, until {@link unwatch}. The timer does not keep the process alive. */
  watch(pulse: Pulse): void {
    if (this.#pingTicks === Infinity) return
    const { bytesRead, backlog } = pulse
    this.#watches.set(pulse, { bytesRead, backlog, sincePing: 0, silence: null })
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs).unref()
  }

  unwatch(pulse: Pulse): void {
    this.#watches.delete(pulse)
    if (this.#watches.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    for (const [pulse, watch] of this.#watches) this.#check(pulse, watch)
  }

  #check(pulse: Pulse, watch: Watch): void {
    const { bytesRead, backlog } = pulse
    const alive = pulse.paused || bytesRead !== watch.bytesRead || backlog < watch.backlog
    watch.bytesRead = bytesRead
    watch.backlog = backlog

    if (alive) watch.silence = null
    else if (watch.silence !== null) watch.silence += 1
    if (watch.silence !== null && watch.silence >= this.#pongTicks) return pulse.expire()

    watch.sincePing += 1
    if (watch.sincePing < this.#pingTicks) return
    watch.sincePing = 0
    watch.silence ??= 0
    pulse.ping()
  }
}
