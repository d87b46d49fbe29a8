// Messages of Python apps at consumers on the event loop.

import { fileURLToPath } from 'node:url'
import { python } from 'isthmus'
import { memory } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'
import { describe, expect, it } from 'vitest'
import { hasPython } from '../python-there.ts'
import type { Subscription } from 'isthmus/channels'

const cwd = fileURLToPath(new URL('apps', import.meta.url))

async function taken(subscription: Subscription, count: number): Promise<unknown[]> {
  const list: unknown[] = []
  while (list.length < count) {
    const event = await subscription.receive()
    list.push(event?.type === 'message' ? event.message : event)
  }
  return list
}

describe.runIf(hasPython).each([
  ['WSGI', 'channelled:application', ['loaded']],
  ['ASGI', 'channelled:asgi', ['loaded', 'started']],
])('an app of %s', (_name, spec, early) => {
  it('publishes JSON, bytes and direct messages, in order and within the bound', async () => {
    const channels = memory()
    const board = channels.subscribe({ maxQueue: Infinity, maxQueueBytes: Infinity })
    await board.join('import')
    await board.join('board')
    await using client = await testClient(python(spec, { cwd, processes: 1 }), { channels })
    expect(await taken(board, early.length)).toEqual(early)

    await client.get('/publish?message={"sold":[12,"caf\\u00e9"]}')
    await client.get('/publish?bytes=raw')
    await client.get(`/send?address=${board.address}`)
    await client.get(`/send?address=${board.address}&bytes=raw`)
    await client.get('/module')
    const raw = new Uint8Array(Buffer.from('raw'))
    const sold = { sold: [12, 'café'] }
    expect(await taken(board, 5)).toEqual([sold, raw, 'for you', raw, 'by the module'])

    // More than the bound in several requests: the gateway accepts messages meanwhile.
    for (let round = 0; round < 3; round += 1) {
      expect((await client.get('/many?count=4000')).text()).toBe('4000')
      expect((await taken(board, 4000)).at(-1)).toEqual({ n: 3999 })
    }
    expect(channels.stats().dropped.publisher).toBe(0)
  })
})
