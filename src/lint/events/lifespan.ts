// The rules of lint for a lifespan: the legal order, which LifespanExchange checks, with one startup and one shutdown.

import { LifespanExchange } from '../../async/lifespan-exchange.ts'
import { asEventBreach, breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import type { ReceiveEvent, SendEvent } from '../../contract/events.ts'

/** The events of one lifespan, both directions. */
export class LifespanTrial {
  readonly gone = false
  readonly #exchange = new LifespanExchange()
  #next: string | undefined = 'lifespan.startup'
  #owed: string | undefined =
    'lifespan.startup.complete (an app without lifespan throws UnsupportedScopeError)'

  /** The events that the app still has to send before it returns; undefined for none. */
  get owed(): string | undefined {
    return this.#owed
  }

  received(event: ReceiveEvent): void {
    if (event.type !== this.#next) {
      const expected = `expected ${this.#next ?? 'nothing before the answer'}`
      throw breach('server', 'the order of events', `${nameOf(event.type)} came`, expected)
    }
    if (event.type === 'lifespan.shutdown') this.#exchange.stop()
    this.#next = undefined
  }

  sent(event: SendEvent): void {
    if (this.#next === 'lifespan.startup') {
      throw breach(
        'app',
        'the order of events',
        `it sent ${nameOf(event.type)} before lifespan.startup`,
        'await receive() first',
      )
    }

    const { type } = asEventBreach(() => this.#exchange.accept(event))
    const started = type === 'started'
    this.#next = started ? 'lifespan.shutdown' : undefined
    this.#owed = started ? 'lifespan.shutdown.complete after lifespan.shutdown' : undefined
  }
}
