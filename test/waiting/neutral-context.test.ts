// Work that serves many requests runs in the context of none.

import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it } from 'vitest'
import { inNeutralContext } from '../../src/waiting/neutral-context.ts'

it('work in the neutral context does not see the values of the request that starts it', () => {
  const storage = new AsyncLocalStorage<string>()
  const seen = storage.run('a request', () => [
    inNeutralContext(() => storage.getStore()),
    storage.getStore(),
  ])
  expect(seen).toEqual([undefined, 'a request'])
})
