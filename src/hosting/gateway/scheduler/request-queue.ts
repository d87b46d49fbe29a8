// The requests that wait for a host, in the order in which they arrived.

import type { ScheduledRequest } from './host-port.ts'

/** A queue that skips requests that are over: a request whose client has left is never started. */
export class RequestQueue<Request extends ScheduledRequest> {
  #waiting: Request[] = []

  get length(): number {
    return this.#waiting.length
  }

  /** The number of requests that still need a host. */
  get waiting(): number {
    return this.#waiting.filter(({ isOver }) => !isOver).length
  }

  push(request: Request): void {
    this.#waiting.push(request)
  }

  /** Puts requests to the front: they were assigned already, and then taken back. */
  putBack(requests: readonly Request[]): void {
    if (requests.length > 0) this.#waiting.unshift(...requests)
  }

  /** Takes the next request. */
  next(): Request | undefined {
    for (;;) {
      const request = this.#waiting.shift()
      if (!request?.isOver) return request
    }
  }

  /** Takes the last request if more than `most` requests wait. */
  overflow(most: number): Request | undefined {
    if (this.#waiting.length <= most) return undefined
    this.#waiting = this.#waiting.filter(({ isOver }) => !isOver)
    return this.#waiting.length > most ? this.#waiting.pop() : undefined
  }

  failAll(error: Error): void {
    for (const request of this.#waiting.splice(0)) request.fail(error)
  }
}
