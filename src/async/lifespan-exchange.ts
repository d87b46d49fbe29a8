// The state machine that checks the events of one lifespan. It does no I/O: it takes events and returns commands.

import { IllegalEventError } from '../errors.ts'
import { nameOf } from '../name-of.ts'
import type { SendEvent } from '../contract/events.ts'

/** The change that an accepted event reports: the app has started or stopped, or has failed with a message. */
export type LifespanCommand =
  | { type: 'started' }
  | { type: 'start-failed'; message: string; error: unknown }
  | { type: 'stopped' }
  | { type: 'stop-failed'; message: string }

type State = 'starting' | 'started' | 'stopping' | 'ended'

const LEGAL: Record<State, readonly string[]> = {
  starting: ['lifespan.startup.complete', 'lifespan.startup.failed'],
  started: [],
  stopping: ['lifespan.shutdown.complete', 'lifespan.shutdown.failed'],
  ended: [],
}

/** The lifespan of one app. Its states: `starting`, `started`, `stopping`, `ended`. @see ASGI Lifespan 2.0 */
export class LifespanExchange {
  #state: State = 'starting'

  /**
   * Takes the app's next event.
   *
   * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for an event that is malformed or out of order
   */
  accept(event: SendEvent): LifespanCommand {
    if (!LEGAL[this.#state].includes(event?.type)) throw this.#illegal(event)

    switch (event.type) {
      case 'lifespan.startup.complete':
        this.#state = 'started'
        return { type: 'started' }
      case 'lifespan.startup.failed':
        return { ...this.#fail('start-failed', event), error: event['isthmus.error'] }
      case 'lifespan.shutdown.complete':
        this.#state = 'ended'
        return { type: 'stopped' }
      case 'lifespan.shutdown.failed':
        return this.#fail('stop-failed', event)
      default:
        throw this.#illegal(event)
    }
  }

  /** Marks that the server has told the app to shut down. */
  stop(): void {
    if (this.#state === 'started') this.#state = 'stopping'
  }

  #fail<Type>(type: Type, event: { message?: unknown }): { type: Type; message: string } {
    const { message = '' } = event
    if (typeof message !== 'string')
      throw new IllegalEventError('message of a lifespan event must be a string')
    this.#state = 'ended'
    return { type, message }
  }

  #illegal(event: unknown): IllegalEventError {
    const type = (event as { type?: unknown } | null | undefined)?.type
    const named = typeof type === 'string' ? nameOf(type) : `an event of type ${nameOf(type)}`
    const legal = LEGAL[this.#state].join(' or ') || 'nothing'
    return new IllegalEventError(
      `${named} is illegal while the lifespan is ${this.#state}: send ${legal}`,
    )
  }
}
