// socket.join() of apps in threads: the same as on the event loop.

import { threads } from 'isthmus'
import { memory } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'
import { describe, expect, it } from 'vitest'
import type { Channels } from 'isthmus/channels'
import type { TestClient } from 'isthmus/testing'

const MODULE = new URL('../fixtures/threads/socket-groups.js', import.meta.url)
const HISTORY = { board: { size: 10_000 } }

async function hosted(
  channels: Channels,
): Promise<{ client: TestClient; channels: Channels } & AsyncDisposable> {
  const client = await testClient(threads(MODULE, { max: 1 }), { channels })
  return { client, channels, [Symbol.asyncDispose]: () => client.close() }
}

async function messages(
  session: { receive(): Promise<string | Uint8Array> },
  count: number,
): Promise<unknown[]> {
  const list: unknown[] = []
  while (list.length < count) {
    const event = JSON.parse(String(await session.receive())) as Record<string, unknown>
    list.push('joined' in event ? 'joined' : event['message'])
  }
  return list
}

describe('a WebSocket in a thread', () => {
  it('reads events of groups and messages of its client in one loop', async () => {
    await using host = await hosted(memory({ history: HISTORY }))
    await using session = await host.client.websocket('/read')
    expect(await session.receive()).toBe('joined')
    host.channels.publish('board', 1)
    expect(await messages(session, 1)).toEqual([1])
    await session.send('2')
    expect(await session.receive()).toBe('2')
  })

  it('passes many messages on, each once and in order', async () => {
    await using host = await hosted(memory({ history: HISTORY }))
    await using session = await host.client.websocket('/forward')
    expect(await messages(session, 1)).toEqual(['joined'])
    const numbers = Array.from({ length: 3_000 }, (_, at) => at)
    for (const number of numbers) host.channels.publish('board', number)
    expect(await messages(session, 3_000)).toEqual(numbers)
  })

  it('recovers the messages of an absence', async () => {
    await using host = await hosted(memory({ history: HISTORY }))
    const consumer = host.channels.subscribe()
    const { position } = await consumer.join('board')
    for (const number of [1, 2, 3]) host.channels.publish('board', number)
    await using session = await host.client.websocket(`/forward?${position?.epoch}.1`)
    expect(await messages(session, 3)).toEqual([2, 3, 'joined'])
  })
})
