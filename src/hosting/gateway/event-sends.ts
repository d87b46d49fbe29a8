// The events of a host on their way to the server, in their order.

import { rejected } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import type { Send, SendEvent } from '../../contract/events.ts'

/** The socket that the events belong to. */
interface SendOwner {
  readonly isOver: boolean
  /** The server has taken `event`. */
  onTaken(event: SendEvent): void
  /** The server has refused an event. */
  onRefused(error: Error): void
}

/** Sends one event after the other. Most events are taken at once; the others wait for those before them. */
export class EventSends {
  readonly #owner: SendOwner
  readonly #send: Send
  #last: Promise<void> = TAKEN
  // The events that are not taken yet.
  #waiting = 0

  constructor(owner: SendOwner, send: Send) {
    this.#owner = owner
    this.#send = send
  }

  push(event: SendEvent): void {
    if (this.#waiting === 0 && this.#isTaken(event)) return this.#owner.onTaken(event)
    const isFirst = this.#waiting === 0
    this.#waiting += 1
    const sent = isFirst ? this.#last : this.#last.then(() => this.#sendNow(event))
    this.#last = sent
      .then(() => this.#owner.onTaken(event))
      .catch((error: Error) => this.#owner.onRefused(error))
      .then(() => void (this.#waiting -= 1))
  }

  /** Calls `work` when all events that were pushed are taken; at once if they are. */
  after(work: () => void): void {
    if (this.#waiting === 0) work()
    else this.#last.then(work).catch(() => undefined)
  }

  #isTaken(event: SendEvent): boolean {
    this.#last = this.#sendNow(event)
    return this.#last === TAKEN
  }

  #sendNow(event: SendEvent): Promise<void> {
    if (this.#owner.isOver) return TAKEN
    try {
      return this.#send(event)
    } catch (error) {
      return rejected(error)
    }
  }
}
