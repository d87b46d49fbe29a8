// Who wants to know how an exchange went.

import { AppError } from '../errors.ts'
import type { FinishHooks } from './request.ts'
import type { ResponseEnd } from './response-end.ts'

type Report = (message: string, error: unknown) => void

/** The callbacks of one exchange. Each is called once, the last one first; what it throws is reported. */
export class FinishCallbacks implements FinishHooks {
  readonly #report: Report
  readonly #onFinish: Array<(end: ResponseEnd) => void> = []
  readonly #onAccept: Array<() => void> = []

  constructor(report: Report) {
    this.#report = report
  }

  onFinish(callback: (end: ResponseEnd) => void): void {
    this.#onFinish.push(callback)
  }

  onAccept(callback: () => void): void {
    this.#onAccept.push(callback)
  }

  accepted(): void {
    for (const callback of this.#onAccept.toReversed()) this.#try('onAccept', callback)
  }

  finished(end: ResponseEnd): void {
    for (const callback of this.#onFinish.toReversed()) this.#try('onFinish', () => callback(end))
  }

  #try(what: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#report(`a callback of request.${what} failed`, error)
    }
  }
}

/** Refuses a callback that comes when the response is on its way: it would miss what has been sent. */
export function refuseLate(isLate: boolean): void {
  if (!isLate) return
  throw new AppError('request.onFinish and onAccept are called before next(), not behind it')
}
