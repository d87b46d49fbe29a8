// The callbacks of the middleware for the end of one exchange.

import { AppError } from '../errors.ts'
import type { ResponseEnd } from '../contract/events.ts'
import type { FinishHooks } from './request.ts'

type Report = (message: string, error: unknown) => void

/** The callbacks of one exchange. Each is called once, the last one first; an error of a callback is reported. */
export class FinishCallbacks implements FinishHooks {
  readonly #report: Report
  readonly #onFinish: Array<(end: ResponseEnd) => void> = []
  readonly #onAccept: Array<() => void> = []
  #isFinished = false

  constructor(report: Report) {
    this.#report = report
  }

  onFinish(callback: (end: ResponseEnd) => void): void {
    this.#onFinish.push(callback)
  }

  onAccept(callback: () => void): void {
    this.#onAccept.push(callback)
  }

  /** The host has taken the accept. If the handshake has failed meanwhile, the end was reported already. */
  accepted(): void {
    if (this.#isFinished) return
    for (const callback of this.#onAccept.toReversed()) this.#try('onAccept', callback)
  }

  finished(end: ResponseEnd): void {
    this.#isFinished = true
    for (const callback of this.#onFinish.toReversed()) this.#try('onFinish', () => callback(end))
  }

  #try(name: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#report(`a callback of request.${name} failed`, error)
    }
  }
}

/**
 * Refuses a callback that comes after the call of the app, because it would miss a part of the exchange.
 *
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`)
 */
export function refuseLate(isLate: boolean): void {
  if (!isLate) return
  throw new AppError('call request.onFinish and onAccept before next(), not after it')
}
