// The requests that wait for a host, in the order in which they arrived.

import type { ScheduledRequest } from './host-port.ts'

/** A queue that skips requests that are over: a request whose client has left is never started. */
export class RequestQueue<Request extends ScheduledRequest> {
  #waiting: Request[] = []
  // The place of the first request: shift() on a long array moves all requests after it.
  #first = 0

  get length(): number {
    return this.#waiting.length - this.#first
  }

  /** The number of requests that still need a host. */
  get waiting(): number {
    return this.#unserved().length
  }

  /** The number of requests that wait and will hold their host. */
  get holding(): number {
    return this.#unserved().filter(({ holdsHost }) => holdsHost).length
  }

  /** Whether `most` requests wait, or more. */
  isFull(most: number): boolean {
    return this.length >= most && this.waiting >= most
  }

  push(request: Request): void {
    this.#waiting.push(request)
  }

  /** Puts requests to the front: they were assigned already, and then taken back. */
  putBack(requests: readonly Request[]): void {
    if (requests.length > 0) this.#replace([...requests, ...this.#unserved()])
  }

  /** Takes the next request. */
  next(): Request | undefined {
    while (this.length > 0) {
      const request = this.#waiting[this.#first++] as Request
      if (this.#first === this.#waiting.length) this.#replace([])
      if (!request.isOver) return request
    }
    return undefined
  }

  /** Takes the last request if more than `most` requests wait. */
  overflow(most: number): Request | undefined {
    if (this.length <= most) return undefined
    this.#replace(this.#unserved())
    return this.length > most ? this.#waiting.pop() : undefined
  }

  /** Takes the requests that arrived before the time `since`, and forgets those that are over. */
  takeLate(since: number): Request[] {
    if (this.length === 0) return []
    const waiting = this.#unserved()
    const late = waiting.filter(({ arrivedAt }) => arrivedAt <= since)
    this.#replace(late.length === 0 ? waiting : waiting.filter((one) => one.arrivedAt > since))
    return late
  }

  failAll(error: Error): void {
    const waiting = this.#unserved()
    this.#replace([])
    for (const request of waiting) request.fail(error)
  }

  #unserved(): Request[] {
    return this.#waiting.slice(this.#first).filter(({ isOver }) => !isOver)
  }

  #replace(waiting: Request[]): void {
    this.#waiting = waiting
    this.#first = 0
  }
}
