// Channels in threads: publishers that block, and consumers that await.

import { setEnvironmentData } from 'node:worker_threads'
import { threads } from 'isthmus'
import { memory } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './behaviour-host.ts'
import type { ChannelEvent, Channels, Subscription } from 'isthmus/channels'
import type { TestClient } from 'isthmus/testing'
import type { ThreadOptions } from 'isthmus'

const SYNC = new URL('../fixtures/threads/channels-sync.js', import.meta.url)
const EVENTS = new URL('../fixtures/threads/channels-events.js', import.meta.url)
const HISTORY = { board: { size: 100_000 } }

let words: Int32Array

// New memory for each test, before its threads start.
beforeEach(() => {
  words = new Int32Array(new SharedArrayBuffer(4))
  setEnvironmentData('channels', words.buffer)
})

interface Hosted extends AsyncDisposable {
  channels: Channels
  client: TestClient
}

async function hosted(
  module: URL,
  options: ThreadOptions = {},
  channels: Channels = memory({ history: HISTORY, maxMessageBytes: 1_000 }),
): Promise<Hosted> {
  const client = await testClient(threads(module, { max: 1, ...options }), { channels })
  return { client, channels, [Symbol.asyncDispose]: () => client.close() }
}

async function asked({ client }: Hosted, path: string): Promise<unknown> {
  return JSON.parse((await client.get(path)).text())
}

async function joined({ channels }: Hosted, ...groups: string[]): Promise<Subscription> {
  const subscription = channels.subscribe({ maxQueue: Infinity, maxQueueBytes: Infinity })
  for (const group of groups) await subscription.join(group)
  return subscription
}

async function taken(subscription: Subscription, count: number): Promise<ChannelEvent[]> {
  const list: ChannelEvent[] = []
  while (list.length < count) list.push((await subscription.receive()) as ChannelEvent)
  return list
}

async function messages(subscription: Subscription, count: number): Promise<unknown[]> {
  const list = await taken(subscription, count)
  return list.map((event) => (event.type === 'message' ? event.message : event))
}

describe('a sync app in a thread', () => {
  it('publishes to consumers on the event loop, in order', async () => {
    await using host = await hosted(SYNC)
    const board = await joined(host, 'board')
    expect(await asked(host, '/publish?count=3000')).toBe(3000)
    expect(await messages(board, 3000)).toEqual(Array.from({ length: 3000 }, (_, n) => ({ n })))
    expect(host.channels.stats()).toMatchObject({ dropped: { publisher: 0 } })
  })

  it('publishes from many threads, and each keeps its order', async () => {
    await using host = await hosted(SYNC, { min: 3, max: 3 })
    const board = await joined(host, 'a', 'b', 'c')
    const paths = ['a', 'b', 'c'].map((group) => `/publish?count=500&group=${group}`)
    await Promise.all(paths.map((path) => asked(host, path)))
    const all = await taken(board, 1500)
    for (const name of ['a', 'b', 'c']) {
      const own = all.filter(({ group }) => group === name)
      expect(own.map((event) => event.type === 'message' && event.message)).toEqual(
        Array.from({ length: 500 }, (_, n) => ({ n })),
      )
    }
  })

  it('publishes at once, while its handler goes on', async () => {
    await using host = await hosted(SYNC)
    const board = await joined(host, 'board')
    const answer = asked(host, '/early')
    expect(await messages(board, 1)).toEqual(['early'])
    Atomics.store(words, 0, 1)
    Atomics.notify(words, 0)
    expect(await answer).not.toBe('timed-out')
  })

  it('drops messages above the bound while the event loop stands still, and consumers learn it', async () => {
    await using host = await hosted(SYNC)
    const board = await joined(host, 'board')
    // The request is on its way to the thread at the end of this turn.
    const answer = asked(host, '/flood')
    await new Promise((resolve) => setImmediate(resolve))
    expect(Atomics.wait(words, 0, 0, 10_000)).not.toBe('timed-out')
    expect(await answer).toMatchObject({ taken: 10_000, dropped: { publisher: 1 }, pending: 10_000 })
    expect(await asked(host, '/publish?count=1')).toBe(1)
    const events = await taken(board, 10_002)
    expect(events.at(-2)).toMatchObject({ type: 'gap', reason: 'publisher', lost: 2 })
    expect(events.at(-1)).toMatchObject({ message: { n: 0 } })
  })

  it('publishes while it loads, and after its response', async () => {
    const channels = memory()
    const board = channels.subscribe()
    await board.join('board')
    await board.join('import')
    await using host = await hosted(SYNC, {}, channels)
    expect(await messages(board, 1)).toEqual(['loaded'])
    await asked(host, '/late')
    expect(await messages(board, 1)).toEqual(['after the response'])
  })

  it('sends to one consumer, and publishes bytes', async () => {
    await using host = await hosted(SYNC)
    const board = await joined(host, 'board')
    expect(await asked(host, `/send?address=${board.address}`)).toBe(true)
    await asked(host, '/bytes')
    expect(await messages(board, 2)).toEqual(['direct', new Uint8Array([2, 3])])
  })

  it('gets the errors of the event loop', async () => {
    await using host = await hosted(SYNC)
    const refused = (await asked(host, '/refused')) as string[]
    const { channels } = host
    const [empty, none, long, direct] = [
      () => channels.publish('', 1),
      () => channels.publish('board', undefined),
      () => channels.publish('board', 'x'.repeat(2000)),
      () => channels.publish('isthmus.direct.x', 1),
    ]
    for (const [index, call] of [empty, none, long, direct].entries()) {
      const [code, message] = (refused[index] as string).split(': ')
      expect(code).toBe('ISTHMUS_INVALID_CHANNEL')
      expect(call).toThrow(message)
    }
  })

  it('has one object for its requests and for code outside of them', async () => {
    await using host = await hosted(SYNC)
    expect(await asked(host, '/same')).toBe(true)
  })

  it('gets events between its requests', async () => {
    await using host = await hosted(SYNC)
    const board = await joined(host, 'board')
    await asked(host, '/follow')
    expect(await messages(board, 1)).toEqual(['joined'])
    host.channels.publish('cache', 'stale')
    await eventually(async () => JSON.stringify(await asked(host, '/seen')) === '["stale"]')
  })

  it('calls an app on the event loop that has the channels of the server', async () => {
    await using host = await hosted(SYNC)
    const board = await joined(host, 'board')
    expect(await asked(host, '/called')).toBe('true')
    expect(await messages(board, 1)).toEqual(['called'])
  })
})

describe('a pool in two servers', () => {
  it('publishes to the channels of the server that has the request', async () => {
    const app = threads(SYNC, { max: 1 })
    const [one, other] = [memory(), memory()]
    await using first = await testClient(app, { channels: one })
    await using second = await testClient(app, { channels: other, lifespan: 'off' })
    const [here, there] = [one.subscribe(), other.subscribe()]
    await here.join('board')
    await there.join('board')
    await second.get('/publish?count=1')
    expect(await messages(there, 1)).toEqual([{ n: 0 }])
    await first.get('/bytes')
    expect(await messages(here, 1)).toEqual([new Uint8Array([1, 2, 3]).subarray(1)])
  })
})

describe('apps that await, in a thread', () => {
  it('publish by each of their interfaces, and in the lifespan', async () => {
    const channels = memory({ history: HISTORY })
    const board = channels.subscribe()
    await board.join('board')
    await using host = await hosted(EVENTS, {}, channels)
    expect(await messages(board, 1)).toEqual(['started'])
    for (const path of ['/page', '/node', '/fetch']) await host.client.get(path)
    expect(await messages(board, 3)).toEqual([{ page: 0 }, 'node', 'fetch'])
  })

  it('get the messages of a group, direct ones too', async () => {
    await using host = await hosted(EVENTS)
    await using socket = await host.client.websocket('/feed')
    const { joined: place, address } = JSON.parse((await socket.receive()) as string)
    expect(place).toMatchObject({ recovered: null, position: { offset: 1 } })
    host.channels.publish('board', 'one')
    expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ message: 'one', offset: 2 })
    host.channels.send(address, 'for you')
    expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ message: 'for you' })
  })

  it('recover the messages of an absence', async () => {
    await using host = await hosted(EVENTS)
    for (let n = 1; n <= 5; n += 1) host.channels.publish('board', n)
    const { position } = (await joined(host, 'board').then((board) =>
      board.join('board'),
    )) as { position: { epoch: string } }
    await using socket = await host.client.websocket(`/feed?since=${position.epoch}.4`)
    expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ joined: { recovered: 2 } })
    expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ message: 4, offset: 5 })
    expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ message: 5, offset: 6 })
  })

  it('leave their groups when their thread ends', async () => {
    await using host = await hosted(EVENTS)
    await using socket = await host.client.websocket('/feed?group=plain')
    await socket.receive()
    await host.client.get('/crash').catch(() => undefined)
    await expect(socket.receive()).rejects.toThrow()
    // A consumer of the new thread gets the message once.
    await using again = await host.client.websocket('/feed?group=plain')
    await again.receive()
    host.channels.publish('plain', 'once')
    host.channels.publish('plain', 'end')
    expect(JSON.parse((await again.receive()) as string)).toMatchObject({ message: 'once' })
    expect(JSON.parse((await again.receive()) as string)).toMatchObject({ message: 'end' })
  })
})
