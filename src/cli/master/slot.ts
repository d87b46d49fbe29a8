// The place of one worker: the process that serves in it, its successor, and the wait after a crash.

/** A worker process, as the supervisor knows it. */
export interface Member {
  readonly id: number
  /** The number of the code that it has loaded: each reload begins a new one. */
  readonly generation: number
  /** The time of its start; after `ready`, the time at which it was ready; after an order to drain, the time of that. */
  since: number
  isKilled: boolean
}

/** A worker that has been ready for this long, in ms, has not crashed in a row with the one before. */
const CALM_MS = 10_000
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 30_000

/** A place for one worker. */
export class Slot {
  readonly number: number
  serving: Member | null = null
  successor: Member | null = null
  /** Whether a successor takes the place of the worker that serves. */
  isLeaving = false
  /** The ends in a row without an order. */
  crashes = 0
  /** The earliest time of the next start. */
  startAt = 0

  constructor(number: number) {
    this.number = number
  }

  /** The worker that serves has ended without an order. */
  crashed(now: number): void {
    const isCalm = this.serving !== null && now - this.serving.since >= CALM_MS
    this.crashes = isCalm ? 1 : this.crashes + 1
    this.serving = null
    this.isLeaving = false
    this.startAt = now + this.#delayMs()
  }

  /** A successor has ended before it was ready. */
  failed(now: number): void {
    this.successor = null
    this.crashes += 1
    this.startAt = now + this.#delayMs()
  }

  /** The successor serves. Returns the worker that has served before. */
  takeOver(now: number): Member | null {
    const old = this.serving
    this.serving = this.successor
    this.successor = null
    this.isLeaving = false
    if (this.serving) this.serving.since = now
    return old
  }

  /** The next start does not wait. */
  forgive(now: number): void {
    this.crashes = 0
    this.startAt = now
  }

  // The first crash after a calm time is replaced at once.
  #delayMs(): number {
    if (this.crashes <= 1) return 0
    return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.crashes - 2))
  }
}
