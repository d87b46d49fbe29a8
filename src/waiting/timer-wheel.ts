// All timeouts of all connections, driven by one coarse interval.

/** The length of a tick. A timeout may fire up to two ticks late. */
const TICK_MS = 100
const SLOTS = 128

/**
 * The wheel of all timers. It counts ticks and reads no clock. After a blocked event loop, the server reads the bytes
 * that have arrived before the wheel ticks, so a slow server does not cut a peer that was in time.
 *
 * To arm a timer again costs one comparison. The timer stays in its slot until the first due time; only then does the
 * wheel look whether it has expired, moved or been disarmed.
 */
export class TimerWheel {
  #now = 0
  #slots: Array<Set<Timer>> = Array.from({ length: SLOTS }, () => new Set())
  #scheduled = 0
  #interval: NodeJS.Timeout | undefined

  /** The number of the last tick. */
  get now(): number {
    return this.#now
  }

  /** Puts `timer` into the slot in which it is due, at most one turn of the wheel ahead. */
  schedule(timer: Timer): void {
    if (timer.slot !== undefined) this.forget(timer)
    const ahead = Math.min(timer.due - this.#now, SLOTS - 1)
    timer.lookedAt = this.#now + ahead
    timer.slot = this.#slots[timer.lookedAt % SLOTS] as Set<Timer>
    timer.slot.add(timer)
    this.#scheduled += 1
    // unref(): the interval does not keep the process alive.
    this.#interval ??= setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /** Takes `timer` out of its slot. */
  forget(timer: Timer): void {
    if (!timer.slot?.delete(timer)) return
    timer.slot = undefined
    timer.lookedAt = Infinity
    this.#scheduled -= 1
  }

  #tick(): void {
    this.#now += 1
    const slot = this.#slots[this.#now % SLOTS] as Set<Timer>
    // A copy, because an expired timer may arm timers again, into the same slot.
    for (const timer of slot.size > 0 ? [...slot] : []) this.#look(timer)
    if (this.#scheduled > 0) return
    clearInterval(this.#interval)
    this.#interval = undefined
  }

  #look(timer: Timer): void {
    if (timer.slot === undefined) return
    this.forget(timer)
    if (timer.due <= this.#now) timer.expire()
    else if (timer.due < Infinity) this.schedule(timer)
  }
}

/** One timeout, to be armed and disarmed many times. Its owner calls {@link cancel} in the end. */
export class Timer {
  /** The tick at which the timer expires; Infinity while it is disarmed. */
  due: number = Infinity
  /** The tick at which the wheel looks at this timer, and its slot until then. Only the wheel writes them. */
  lookedAt: number = Infinity
  slot: Set<Timer> | undefined
  readonly #wheel: TimerWheel
  readonly #onTimeout: () => void

  constructor(wheel: TimerWheel, onTimeout: () => void) {
    this.#wheel = wheel
    this.#onTimeout = onTimeout
  }

  get armed(): boolean {
    return this.due < Infinity
  }

  /** Sets the timer to expire in `ms` or a little later; Infinity for never. An earlier setting is replaced. */
  arm(ms: number): void {
    this.due = this.#wheel.now + 1 + Math.ceil(ms / TICK_MS)
    if (this.due < this.lookedAt) this.#wheel.schedule(this)
  }

  disarm(): void {
    this.due = Infinity
  }

  /** Disarms the timer for good. The wheel drops its reference, so that the owner can be collected. */
  cancel(): void {
    this.due = Infinity
    this.#wheel.forget(this)
  }

  /** Called by the wheel when the time is over. */
  expire(): void {
    this.due = Infinity
    this.#onTimeout()
  }
}
