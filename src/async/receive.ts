// Makes receive() from a plain function: callable, and iterable up to the last event.

import type { Receive, ReceiveEvent } from '../contract/events.ts'

const LAST = new Set(['http.disconnect', 'websocket.disconnect', 'lifespan.shutdown'])

/** Adds the async iteration of {@link Receive} to `next`, and returns it. */
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
