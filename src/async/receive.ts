// Makes receive() of a plain function: callable, and async-iterable up to the event that ends it.

import type { Receive, ReceiveEvent } from '../contract/events.ts'

const LAST = new Set(['http.disconnect', 'websocket.disconnect', 'lifespan.shutdown'])

/** Gives `next` the async iteration that {@link Receive} promises. */
export function makeReceive(next: () => Promise<ReceiveEvent>): Receive {
  const receive = next as Receive
  receive[Symbol.asyncIterator] = iterateEvents
  return receive
}

async function* iterateEvents(this: Receive): AsyncGenerator<ReceiveEvent, undefined> {
  for (;;) {
    const event = await this()
    yield event
    if (LAST.has(event.type)) return undefined
  }
}
