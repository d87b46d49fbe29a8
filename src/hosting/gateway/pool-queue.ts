// The requests that wait for a thread, in the order in which they came.

import type { GatewayRequest } from './request.ts'

/** A queue that never hands out a request for which nobody waits any more. */
export class PoolQueue {
  #waiting: GatewayRequest[] = []

  get length(): number {
    return this.#waiting.length
  }

  push(request: GatewayRequest): void {
    this.#waiting.push(request)
  }

  /** Puts requests to the front: they had their turn, and were taken back. */
  putBack(requests: readonly GatewayRequest[]): void {
    if (requests.length > 0) this.#waiting.unshift(...requests)
  }

  /** Takes the next one. A request whose client has left meanwhile is never started. */
  next(): GatewayRequest | undefined {
    for (;;) {
      const request = this.#waiting.shift()
      if (!request?.isOver) return request
    }
  }

  /** Takes the last one when more than `most` are waiting. */
  overflow(most: number): GatewayRequest | undefined {
    if (this.#waiting.length <= most) return undefined
    this.#waiting = this.#waiting.filter(({ isOver }) => !isOver)
    return this.#waiting.length > most ? this.#waiting.pop() : undefined
  }

  failAll(error: Error): void {
    for (const request of this.#waiting.splice(0)) request.fail(error)
  }
}
