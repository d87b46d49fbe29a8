// Apps and numbers for the tests of migrate().

import { UnsupportedScopeError } from '../../src/errors.ts'
import type { EventApp, HeaderPairs } from '../../src/contract/events.ts'

/** An event app that answers each request with `text`, and echoes messages with `text` before them. */
export function saying(text: string, headers: HeaderPairs = []): EventApp {
  return async (scope, receive, send) => {
    if (scope.type === 'lifespan') throw new UnsupportedScopeError(scope.type)
    if (scope.type === 'http') {
      await send({ type: 'http.response.start', status: 200, headers })
      await send({ type: 'http.response.body', body: text })
      return
    }
    await receive()
    await send({ type: 'websocket.accept', headers })
    for await (const event of receive) {
      if (event.type === 'websocket.disconnect') break
      await send({ type: 'websocket.send', text: `${text}: ${event.text}` })
    }
  }
}

/** Numbers in [0, 1) that are the same in each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
