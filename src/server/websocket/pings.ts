// Finds peers that are gone without a word: pings all WebSockets from one coarse timer.

import { MAX_TIMER_MS } from '../../waiting/settles-within.ts'

/** A connection whose life is watched. */
export interface Pulse {
  /** Bytes that ever came in: any of them is a sign of life. */
  readonly bytesRead: number
  /** Bytes that wait to go out: a peer that takes them is alive, and cannot have seen the ping behind them. */
  readonly backlog: number
  /** We do not read, so silence means nothing. */
  readonly paused: boolean
  ping(): void
  /** The peer did not answer in time. */
  expire(): void
}

/** How often to ping and how long to wait for a sign of life, in ms. An interval of 0 never pings. */
interface PingSettings {
  pingIntervalMs: number
  pongTimeoutMs: number
}

interface Watch {
  bytesRead: number
  backlog: number
  sincePing: number
  /** Ticks without a sign of life since an unanswered ping; null when none is unanswered. */
  silence: number | null
}

const TICKS = 4

/**
 * Watches any number of connections. Time is counted in ticks, a quarter of the shorter setting each, and not
 * read off a clock: when the event loop was held up, answers that arrived meanwhile are read before the next
 * tick, so nobody is dropped for our own slowness.
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

  /** Starts to watch; {@link unwatch} ends it. The timer never holds the process. */
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
