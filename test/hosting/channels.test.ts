// Channels in threads: publishers that block, and consumers that await.

import { setEnvironmentData } from 'node:worker_threads'
import { threads } from 'isthmus'
import { memory } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from './behaviour-host.ts'
import type {
  ChannelEvent,
  Channels,
  ChannelsStats,
  Position,
  Subscription,
} from 'isthmus/channels'
import type { TestClient } from 'isthmus/testing'
import type { ThreadsApp } from '../../src/hosting/gateway/threads-app.ts'

const SYNC = new URL('../fixtures/threads/channels-sync.js', import.meta.url)
const EVENTS = new URL('../fixtures/threads/channels-events.js', import.meta.url)
const UNBOUNDED = { maxQueue: Infinity, maxQueueBytes: Infinity }

const words = new Int32Array(new SharedArrayBuffer(4))
let channels: Channels
let client: TestClient
let consumer: Subscription
/** Each thread says that it has loaded the app. */
let loads: Subscription

function release(): void {
  Atomics.store(words, 0, 1)
  Atomics.notify(words, 0)
}

async function open(app: ThreadsApp, maxMessageBytes = 1_000): Promise<void> {
  setEnvironmentData('channels', words.buffer)
  channels = memory({ history: { kept: { size: 100_000 } }, maxMessageBytes })
  consumer = channels.subscribe(UNBOUNDED)
  loads = channels.subscribe(UNBOUNDED)
  await loads.join('import')
  client = await testClient(app, { channels, deadlineMs: 30_000 })
}

async function asked(path: string): Promise<unknown> {
  return JSON.parse((await client.get(path)).text())
}

async function taken(count: number, from: Subscription = consumer): Promise<ChannelEvent[]> {
  const list: ChannelEvent[] = []
  while (list.length < count) list.push((await from.receive()) as ChannelEvent)
  return list
}

async function messages(count: number, from: Subscription = consumer): Promise<unknown[]> {
  const list = await taken(count, from)
  return list.map((event) => (event.type === 'message' ? event.message : event))
}

beforeEach(async () => {
  Atomics.store(words, 0, 0)
  for (const group of ['board', 'kept']) await consumer.join(group)
})
afterEach(() => {
  for (const group of consumer.groups) consumer.leave(group)
})

describe('a sync app in a thread', () => {
  beforeAll(() => open(threads(SYNC, { max: 1 })))
  afterAll(() => client.close())

  it('publishes to consumers on the event loop, in order', async () => {
    const before = channels.stats().published
    expect(await asked('/publish?count=3000&group=kept')).toBe(3000)
    const expected = Array.from({ length: 3000 }, (_, n) => ({ n }))
    expect(await messages(3000)).toEqual(expected)
    expect(channels.stats().published).toBe(before + 3000)
  })

  it('publishes at once, while its handler goes on', async () => {
    const answer = asked('/early')
    expect(await messages(1)).toEqual(['early'])
    release()
    expect(await answer).not.toBe('timed-out')
  })

  it('drops messages above the bound while the event loop stands still, and consumers learn it', async () => {
    const before = channels.stats().dropped.publisher
    const answer = asked('/flood')
    // The request is on its way to the thread at the end of this turn.
    await new Promise((resolve) => setImmediate(resolve))
    expect(Atomics.wait(words, 0, 0, 10_000)).not.toBe('timed-out')
    expect(await answer).toMatchObject({ taken: 10_000, dropped: 1, pending: 10_000 })
    expect(await asked('/publish?count=1')).toBe(1)
    const events = await taken(10_002)
    expect(events.at(-2)).toMatchObject({ type: 'gap', reason: 'publisher', lost: 2 })
    expect(events.at(-1)).toMatchObject({ message: { n: 0 } })
    expect(channels.stats().dropped.publisher).toBe(before + 2)
  })

  it('publishes while it is loaded', async () => {
    expect(await messages(1, loads)).toEqual(['loaded'])
  })

  it('publishes after its response', async () => {
    await asked('/late')
    expect(await messages(1)).toEqual(['after the response'])
  })

  it('sends to one consumer, and publishes bytes', async () => {
    expect(await asked(`/send?address=${consumer.address}`)).toBe(true)
    await asked('/bytes')
    expect(await messages(2)).toEqual(['direct', new Uint8Array([2, 3])])
  })

  it('gets the errors of the event loop', async () => {
    const refused = (await asked('/refused')) as string[]
    const calls = [
      () => channels.publish('', 1),
      () => channels.publish('board', undefined),
      () => channels.publish('board', 'x'.repeat(2000)),
      () => channels.publish('isthmus.direct.x', 1),
    ]
    for (const [index, call] of calls.entries()) {
      const [code, ...message] = (refused[index] as string).split(': ')
      expect(code).toBe('ISTHMUS_INVALID_CHANNEL')
      expect(call).toThrow(message.join(': '))
    }
  })

  it('has one object for its requests and for code outside of them', async () => {
    expect(await asked('/same')).toBe(true)
  })

  it('gets events between its requests', async () => {
    await asked('/follow')
    expect(await messages(1)).toEqual(['joined'])
    channels.publish('cache', 'stale')
    await eventually(async () => JSON.stringify(await asked('/seen')) === '["stale"]')
  })

  it('calls an app on the event loop that has the channels of the server', async () => {
    expect(await asked('/called')).toBe('true')
    expect(await messages(1)).toEqual(['called'])
  })
})

describe('several threads of a pool in two servers', () => {
  const app = threads(SYNC, { min: 2, max: 2 })
  beforeAll(() => open(app))
  afterAll(() => client.close())

  it('publish side by side, and each keeps its order', async () => {
    for (const group of ['a', 'b']) await consumer.join(group)
    const paths = ['a', 'b'].map((group) => `/publish?count=500&group=${group}`)
    await Promise.all(paths.map((path) => asked(path)))
    const all = await taken(1000)
    for (const name of ['a', 'b']) {
      const own = all.filter(({ group }) => group === name)
      const numbers = own.map((event) => event.type === 'message' && event.message)
      expect(numbers).toEqual(own.map((_, n) => ({ n })))
    }
  })

  it('publish to the channels of the server that has the request', async () => {
    const other = memory()
    await using second = await testClient(app, { channels: other, lifespan: 'off' })
    const there = other.subscribe()
    await there.join('board')
    for (let round = 1; round <= 2; round += 1) {
      await second.get('/publish?count=1')
      expect(await messages(1, there)).toEqual([{ n: 0 }])
      await asked('/bytes')
      expect(await messages(1)).toEqual([new Uint8Array([2, 3])])
    }
  })
})

describe('apps that await, in a thread', () => {
  beforeAll(() => open(threads(EVENTS, { max: 1 }), 200_000))
  afterAll(() => client.close())

  it('publish by each of their interfaces, and in the lifespan', async () => {
    for (const path of ['/lifespan', '/page', '/node', '/fetch']) await client.get(path)
    expect(await messages(4)).toEqual(['started', { page: 0 }, 'node', 'fetch'])
  })

  it('get the messages of a group, direct ones too', async () => {
    await using socket = await client.websocket('/feed?group=kept')
    const { joined, address } = JSON.parse((await socket.receive()) as string)
    const { offset } = joined.position as Position
    channels.publish('kept', 'one')
    const next = { message: 'one', offset: offset + 1 }
    expect(JSON.parse((await socket.receive()) as string)).toMatchObject(next)
    channels.send(address as string, 'for you')
    expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ message: 'for you' })
  })

  it('forward the messages of a group that a socket has joined', async () => {
    await using one = await client.websocket('/room')
    await using other = await client.websocket('/room')
    for (const socket of [one, other]) {
      expect(await socket.receive()).toMatch('"joined":true')
    }
    await one.send('hello')
    for (const socket of [one, other]) {
      expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ message: 'hello' })
    }
    expect(await messages(1)).toEqual(['hello'])
  })

  it('recover the messages of an absence', async () => {
    const { position } = await consumer.join('kept')
    const { epoch, offset } = position as Position
    for (let n = 1; n <= 3; n += 1) channels.publish('kept', n)
    await using socket = await client.websocket(`/feed?group=kept&since=${epoch}.${offset + 1}`)
    const joined = JSON.parse((await socket.receive()) as string)
    expect(joined).toMatchObject({ joined: { recovered: 2 } })
    for (const message of [2, 3]) {
      expect(JSON.parse((await socket.receive()) as string)).toMatchObject({ message })
    }
  })

  it('are told their losses of the time in which their thread stood still', async () => {
    await using plain = await client.websocket('/feed?group=plain&maxQueue=1000')
    await using kept = await client.websocket('/feed?group=kept&maxQueue=1000')
    await Promise.all([plain.receive(), kept.receive()])
    const stopped = client.get('/stop')
    await eventually(() => Atomics.load(words, 0) === -1)
    // 24 MB: the bound is 16 MiB.
    const long = 'x'.repeat(100_000)
    for (let n = 0; n < 120; n += 1) {
      channels.publish('plain', long)
      channels.publish('kept', long)
    }
    release()
    await stopped
    const [part, whole] = await Promise.all([untilEnd(plain, 'plain'), untilEnd(kept, 'kept')])
    expect(part.lost).toBeGreaterThan(0)
    expect(part.messages + part.lost).toBe(120 + part.ends)
    expect(whole).toEqual({ messages: 120, lost: 0, ends: 0 })
  })

  it('leave their groups when their thread ends', async () => {
    const before = followers()
    await using socket = await client.websocket('/feed?group=plain')
    await socket.receive()
    await client.get('/crash').catch(() => undefined)
    await expect(socket.receive()).rejects.toThrow('the thread ended')
    // A consumer of the new thread gets the message once.
    await using again = await client.websocket('/feed?group=plain')
    await again.receive()
    for (const message of ['once', 'end']) channels.publish('plain', message)
    for (const message of ['once', 'end']) {
      expect(JSON.parse((await again.receive()) as string)).toMatchObject({ message })
    }
    expect(followers()).toBe(before)
  })
})

function followers(): ChannelsStats['groups'] {
  return channels.stats().groups
}

interface Received {
  messages: number
  lost: number
  /** The messages of the end that came before the first one that has arrived. */
  ends: number
}

// The thread may still lose a message of the end, so that there are many.
async function untilEnd(socket: { receive(): Promise<unknown> }, group: string): Promise<Received> {
  const received = { messages: 0, lost: 0 }
  let ends = 0
  const timer = setInterval(() => channels.publish(group, { end: ends++ }), 20)
  try {
    for (;;) {
      const event = JSON.parse(String(await socket.receive())) as {
        gap?: string
        lost: number
        message: { end?: number }
      }
      if (event.message?.end !== undefined) return { ...received, ends: event.message.end }
      if (event.gap) received.lost += event.lost
      else received.messages += 1
    }
  } finally {
    clearInterval(timer)
  }
}
