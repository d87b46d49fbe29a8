// feed() over WebSockets.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { feed, memory } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'
import type { Channels, FeedOptions } from 'isthmus/channels'
import type { TestClient } from 'isthmus/testing'

let client: TestClient | undefined
let channels: Channels

afterEach(async () => {
  await client?.[Symbol.asyncDispose]()
  await channels?.close()
})

describe('a WebSocket at a feed', () => {
  it('gets the messages of its groups, after the word that they are joined', async () => {
    const socket = await open(['board', 'chat'])
    expect(await take(socket, 2)).toMatchObject([
      { group: 'board', joined: true, recovered: null, offset: 0 },
      { group: 'chat', joined: true, recovered: null },
    ])
    channels.publish('board', { seat: 7 })
    channels.publish('chat', 'hi')
    expect(await take(socket, 2)).toMatchObject([
      { group: 'board', message: { seat: 7 }, offset: 1 },
      { group: 'chat', message: 'hi' },
    ])
  })

  it('gets the messages that it has missed since its positions', async () => {
    const first = await open(['board'])
    await take(first, 1)
    for (const n of [1, 2, 3]) channels.publish('board', n)
    const [{ epoch, offset } = {}] = await take(first, 1)
    await first.close()
    const since = encodeURIComponent(`board=${String(epoch)}.${String(offset)}`)
    const again = await client!.websocket(`/?since=${since}`)
    expect(await take(again, 3)).toMatchObject([
      { message: 2 },
      { message: 3 },
      { joined: true, recovered: 2, offset: 3 },
    ])
  })

  it('gets the history at its first visit if the feed says so', async () => {
    await start(['board'], { history: true })
    for (const n of [1, 2]) channels.publish('board', n)
    const socket = await client!.websocket('/')
    expect(await take(socket, 3)).toMatchObject([{ message: 1 }, { message: 2 }, { recovered: 2 }])
  })

  it('gets a heartbeat', async () => {
    const socket = await open([], { heartbeatMs: 20 })
    expect(await take(socket, 1)).toEqual([{ heartbeat: 20 }])
  })

  it('leaves its groups at its end, also if it has sent messages', async () => {
    const socket = await open(['board'])
    await take(socket, 1)
    await socket.send('a page has nothing to say here')
    expect(channels.stats().groups).toBe(1)
    await socket.close()
    await vi.waitFor(() => expect(channels.stats().groups).toBe(0), 5000)
  })

  it('is denied with 403 if no groups are chosen for it', async () => {
    await start((scope) => (scope.queryString === 'key=7' ? 'board' : null))
    await expect(client!.websocket('/?key=8')).rejects.toMatchObject({ response: { status: 403 } })
    const socket = await client!.websocket('/?key=7')
    expect(await take(socket, 1)).toMatchObject([{ group: 'board', joined: true }])
  })
})

type Groups = Parameters<typeof feed>[0]
type Socket = Awaited<ReturnType<TestClient['websocket']>>

async function start(groups: Groups, options: FeedOptions = {}): Promise<void> {
  channels = memory({ history: { board: { size: 3 } } })
  client = await testClient(feed(groups, options), { channels, log: null })
}

async function open(groups: Groups, options: FeedOptions = {}): Promise<Socket> {
  await start(groups, options)
  return client!.websocket('/')
}

async function take(socket: Socket, count: number): Promise<Array<Record<string, unknown>>> {
  const events: Array<Record<string, unknown>> = []
  while (events.length < count) events.push(JSON.parse(String(await socket.receive())))
  return events
}
