// Every timeout of every connection, from one coarse interval.

/** How long a tick is: what a timeout may come late by, twice. */
const TICK_MS = 100
const SLOTS = 128

/**
 * Turns once for all timers. Time is counted in ticks and not read off a clock: when the event loop was held up, what
 * arrived meanwhile is read before the next tick, so no peer is cut for our own slowness. Arming a timer again and
 * again is two numbers compared: the wheel looks at a timer when it was first due, and then sees what became of it.
 */
export class TimerWheel {
  #now = 0
  #slots: Array<Set<Timer>> = Array.from({ length: SLOTS }, () => new Set())
  #scheduled = 0
  #interval: NodeJS.Timeout | undefined

  /** The number of the tick that passed last. */
  get now(): number {
    return this.#now
  }

  /** Has `timer` looked at when it is due, or after one turn of the wheel. */
  schedule(timer: Timer): void {
    if (timer.slot !== undefined) this.forget(timer)
    const ahead = Math.min(timer.due - this.#now, SLOTS - 1)
    timer.lookedAt = this.#now + ahead
    timer.slot = this.#slots[timer.lookedAt % SLOTS] as Set<Timer>
    timer.slot.add(timer)
    this.#scheduled += 1
    // The interval never holds the process.
    this.#interval ??= setInterval(() => this.#tick(), TICK_MS).unref()
  }

  forget(timer: Timer): void {
    if (!timer.slot?.delete(timer)) return
    timer.slot = undefined
    timer.lookedAt = Infinity
    this.#scheduled -= 1
  }

  #tick(): void {
    this.#now += 1
    const slot = this.#slots[this.#now % SLOTS] as Set<Timer>
    // A copy: whoever is told may arm timers again, and into this slot.
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

/** One timeout, armed and disarmed as often as need be. Whoever made it calls {@link cancel} at its end. */
export class Timer {
  /** The tick at which it expires; Infinity while it is disarmed. */
  due: number = Infinity
  /** When the wheel looks at it, and where it is until then; the wheel's own. */
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

  /** Expires in `ms`, never earlier, whatever it was armed for before; with Infinity never. */
  arm(ms: number): void {
    this.due = this.#wheel.now + 1 + Math.ceil(ms / TICK_MS)
    if (this.due < this.lookedAt) this.#wheel.schedule(this)
  }

  disarm(): void {
    this.due = Infinity
  }

  /** Disarms for good, so that the wheel does not hold what the timer belongs to. */
  cancel(): void {
    this.due = Infinity
    this.#wheel.forget(this)
  }

  /** Of the wheel: the time is over. */
  expire(): void {
    this.due = Infinity
    this.#onTimeout()
  }
}
