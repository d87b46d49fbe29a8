// Makes receive() from a plain function: callable, and iterable up to the last event.

import type { Receive, ReceiveEvent } from '../contract/events.ts'

type Step = IteratorResult<ReceiveEvent, undefined>

const OVER: Promise<Step> = Promise.resolve(Object.freeze({ done: true, value: undefined }))
const LAST = new Set(['http.disconnect', 'websocket.disconnect', 'lifespan.shutdown'])

/** Adds the async iteration of {@link Receive} to `next`, and returns it. */
export function makeReceive(next: () => Promise<ReceiveEvent>): Receive {
  const receive = next as Receive
  receive[Symbol.asyncIterator] = iterateEvents
  return receive
}

function iterateEvents(this: Receive): AsyncIterator<ReceiveEvent, undefined> {
  return new EventIterator(this)
}

/**
 * Behaves as an async generator, which is the obvious way. But a loop over a generator waits for three promises in each
 * step, and a loop over this class waits for one: a short message costs hardly more than these waits.
 */
class EventIterator implements AsyncIterableIterator<ReceiveEvent, undefined> {
  readonly #receive: Receive
  /** The calls of next() that are under way. */
  #calls = 0
  #last: Promise<Step> = OVER
  #done = false

  constructor(receive: Receive) {
    this.#receive = receive
  }

  next(): Promise<Step> {
    this.#calls += 1
    // receive() returns one promise to two calls, and each call of next() has to get an event of its own.
    const isAlone = this.#calls === 1
    this.#last = isAlone ? this.#step() : this.#after(this.#last)
    return this.#last
  }

  return(): Promise<Step> {
    this.#done = true
    return OVER
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #after(before: Promise<Step>): Promise<Step> {
    const step = (): Promise<Step> => this.#step()
    return before.then(step, step)
  }

  #step(): Promise<Step> {
    if (this.#done) {
      this.#calls -= 1
      return OVER
    }
    try {
      return this.#receive().then(this.#onEvent, this.#onFailure)
    } catch (error) {
      // A middleware may have replaced receive() by a function that throws.
      return Promise.reject(error).catch(this.#onFailure)
    }
  }

  readonly #onEvent = (event: ReceiveEvent): Step => {
    this.#calls -= 1
    if (LAST.has(event.type)) this.#done = true
    return { done: false, value: event }
  }

  readonly #onFailure = (error: unknown): never => {
    this.#calls -= 1
    this.#done = true
    throw error
  }
}
