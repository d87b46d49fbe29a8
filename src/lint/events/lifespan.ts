// What lint holds the life of a server to: the legality machine's order, and one startup, one shutdown.

import { LifespanExchange } from '../../async/lifespan-exchange.ts'
import { breach, judge, nameOf } from './breach.ts'
import type { ReceiveEvent, SendEvent } from '../../contract/events.ts'

/** The events of one lifespan, both directions. */
export class LifespanTrial {
  readonly gone = false
  readonly #exchange = new LifespanExchange()
  #next: string | undefined = 'lifespan.startup'
  #owed: string | undefined =
    'lifespan.startup.complete (an app without lifespan throws UnsupportedScopeError)'

  /** What a returning app still owes; undefined when nothing. */
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

    const { type } = judge(() => this.#exchange.accept(event))
    const started = type === 'started'
    this.#next = started ? 'lifespan.shutdown' : undefined
    this.#owed = started ? 'lifespan.shutdown.complete after lifespan.shutdown' : undefined
  }
}
