// The health of one target: a state machine without I/O, to which the caller tells the time.

import type { HealthSettings } from './settings.ts'

/** `returning`: a target that was down answers again, and its share grows. */
type State = 'up' | 'down' | 'returning'

/** The share with which a target returns. */
const FIRST_SHARE = 0.1

/**
 * The health of a target. Failures in a row take it down. Then one request at a time may try it, from `downMs` on, unless
 * checks do that. A success brings it back with a small share, which grows to the whole; a failure in that time takes it
 * down again at once.
 */
export class TargetHealth {
  readonly #settings: Pick<HealthSettings, 'maxFailures' | 'downMs' | 'path' | 'slowStartMs'>
  #state: State = 'up'
  #failures = 0
  #changedAt = 0
  #isProbing = false

  constructor(settings: Pick<HealthSettings, 'maxFailures' | 'downMs' | 'path' | 'slowStartMs'>) {
    this.#settings = settings
  }

  /** The state at `now`, in ms. */
  state(now: number): State {
    if (this.#state === 'returning' && this.share(now) === 1) this.#state = 'up'
    return this.#state
  }

  /** When the state changed to `down` last, in ms. */
  get downSince(): number {
    return this.#changedAt
  }

  /** Whether a request may go to the target at `now`. */
  takes(now: number): boolean {
    if (this.#state !== 'down') return true
    if (this.#settings.path !== undefined || this.#isProbing) return false
    return now - this.#changedAt >= this.#settings.downMs
  }

  /** The part of its usual requests that the target gets at `now`, above 0 and at most 1. */
  share(now: number): number {
    if (this.#state !== 'returning') return 1
    const grown = (now - this.#changedAt) / this.#settings.slowStartMs
    return Math.min(1, Math.max(FIRST_SHARE, grown))
  }

  /** A request goes to the target. */
  begins(): void {
    if (this.#state === 'down') this.#isProbing = true
  }

  /** A request to the target ended without a verdict: its client left. */
  endsUnknown(): void {
    this.#isProbing = false
  }

  /** The target has answered. Returns true if it was down. */
  succeeds(now: number): boolean {
    this.#failures = 0
    if (this.#state !== 'down') return false
    this.#isProbing = false
    this.#state = this.#settings.slowStartMs > 0 ? 'returning' : 'up'
    this.#changedAt = now
    return true
  }

  /** The target has failed. Returns true if it is down by that. */
  fails(now: number): boolean {
    this.#failures += 1
    const wasDown = this.#state === 'down'
    const isReturning = this.state(now) === 'returning'
    if (!wasDown && !isReturning && this.#failures < this.#settings.maxFailures) return false
    this.#isProbing = false
    this.#state = 'down'
    this.#changedAt = now
    return !wasDown
  }
}
