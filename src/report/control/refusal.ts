// A request of the control socket that is refused.

import type { HeaderPairs } from '../../contract/events.ts'

/** A request that gets no answer; the message names the remedy. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: HeaderPairs

  constructor(status: number, message: string, ...headers: HeaderPairs) {
    super(message)
    this.status = status
    this.headers = headers
  }
}
