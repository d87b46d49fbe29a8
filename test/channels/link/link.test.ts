import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ChannelsClosedError } from 'isthmus/channels'
import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import { connected, makeClient, makeHub } from './linked.ts'
import type { ChannelEvent, Subscription } from 'isthmus/channels'

const DEADLINE_MS = 30_000
const BOARD = { history: { board: { size: 100 } } }

describe('a link', () => {
  it('carries messages in both directions, bytes and direct ones too', async () => {
    const hub = makeHub()
    const [one, two] = [connected(hub), connected(hub)]
    const [atHub, atOne, atTwo] = [hub, one.channels, two.channels].map((all) => all.subscribe())
    for (const consumer of [atHub, atOne, atTwo]) await soon(consumer!.join('news'))
    one.channels.publish('news', { n: 1 })
    hub.publish('news', Uint8Array.of(1, 2))
    for (const consumer of [atHub, atOne, atTwo]) {
      const values = valuesOf(await take(consumer!, 2))
      expect(values).toEqual(expect.arrayContaining([{ n: 1 }, Uint8Array.of(1, 2)]))
    }
    await turn()
    one.channels.send(atTwo!.address, 'to two')
    expect(await take(atTwo!, 1)).toMatchObject([{ group: atTwo!.address, message: 'to two' }])
    two.channels.send(atHub!.address, 'to the hub')
    expect(valuesOf(await take(atHub!, 1))).toEqual(['to the hub'])
  })

  it('keeps one order of all publishers, and nested publishes too', async () => {
    const hub = makeHub()
    const [one, two] = [connected(hub), connected(hub)]
    hub
      .subscribe({
        onEvent: (event) => {
          if (event.type === 'message' && event.message === 'ping') hub.publish('a', 'pong')
        },
      })
      .join('a')
      .catch(() => undefined)
    const consumers = [one, two].map(({ channels }) => channels.subscribe())
    for (const consumer of consumers) await soon(consumer.join('a'))
    for (let n = 1; n <= 3; n += 1) {
      one.channels.publish('a', 'ping')
      two.channels.publish('a', n)
    }
    const [first, second] = [await take(consumers[0]!, 9), await take(consumers[1]!, 9)]
    expect(valuesOf(first)).toEqual(valuesOf(second))
    expect(valuesOf(first).indexOf('ping')).toBe(valuesOf(first).indexOf('pong') - 1)
  })

  it('recovers from the history of the hub', async () => {
    const hub = makeHub(BOARD)
    const one = connected(hub, BOARD)
    const consumer = one.channels.subscribe()
    await soon(consumer.join('board'))
    for (let n = 1; n <= 3; n += 1) hub.publish('board', n)
    const [first] = await take(consumer, 3)
    const late = connected(hub, BOARD).channels.subscribe()
    const joined = await soon(late.join('board', { since: first!.position }))
    expect(joined).toMatchObject({ recovered: 2, position: { offset: 3 } })
    expect(valuesOf(await take(late, 2))).toEqual([2, 3])
  })

  it('follows a group once for all of its clients, and not after the last one', async () => {
    const hub = makeHub()
    const [one, two] = [connected(hub), connected(hub)]
    const followed: string[] = []
    const broker = hub.connect({
      onMessage: ({ group }) => void followed.push(group),
      onResumed: () => undefined,
      onLost: () => undefined,
      onWarning: () => undefined,
    })
    expect(broker.follow('other')).toBeUndefined()
    const consumers = [one, two].map(({ channels }) => channels.subscribe())
    for (const consumer of consumers) await soon(consumer.join('a'))
    consumers[0]!.close()
    hub.publish('a', 1)
    expect(valuesOf(await take(consumers[1]!, 1))).toEqual([1])
    two.relay.close()
    hub.publish('a', 2)
    hub.publish('other', 3)
    await turn()
    expect(followed).toEqual(['other'])
    expect(two.toClient.waiting).toEqual([])
    await broker.close()
    hub.publish('other', 4)
    expect(followed).toEqual(['other'])
  })
})

describe('a client that does not take its messages', () => {
  it('gets a window of them, and a gap with the number of the others', async () => {
    const hub = makeHub()
    const one = connected(hub)
    const consumer = one.channels.subscribe()
    await soon(consumer.join('a'))
    one.toClient.isHeld = true
    for (let n = 1; n <= 20; n += 1) hub.publish('a', n)
    expect(one.toClient.waiting).toHaveLength(8)
    one.toClient.release()
    const events = await take(consumer, 9)
    expect(valuesOf(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 'gap slow 12'])
    hub.publish('a', 21)
    expect(valuesOf(await take(consumer, 1))).toEqual([21])
    expect(one.slow).toEqual(['slow', 'caught up after 12'])
    expect(one.channels.stats()).toMatchObject({ gaps: { slow: 1 }, dropped: { slow: 12 } })
  })

  it('reads the others of a group with a history', async () => {
    const hub = makeHub(BOARD)
    const one = connected(hub, BOARD)
    const consumer = one.channels.subscribe()
    await soon(consumer.join('board'))
    await turns(2)
    one.toClient.isHeld = true
    for (let n = 1; n <= 50; n += 1) hub.publish('board', n)
    expect(one.toClient.waiting).toHaveLength(8)
    one.toClient.release()
    expect(valuesOf(await take(consumer, 50))).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
    expect(one.channels.stats()).toMatchObject({ dropped: { slow: 0 } })
  })

  it('is bounded by bytes too, and a long message goes alone', async () => {
    const hub = makeHub()
    const one = connected(hub)
    const consumer = one.channels.subscribe()
    await soon(consumer.join('a'))
    one.toClient.isHeld = true
    for (const size of [5000, 10]) hub.publish('a', 'x'.repeat(size))
    expect(one.toClient.waiting).toHaveLength(1)
    one.toClient.release()
    const [message, gap] = await take(consumer, 2)
    expect(message).toMatchObject({ message: 'x'.repeat(5000) })
    expect(gap).toMatchObject({ type: 'gap', reason: 'slow', lost: 1 })
  })

  it('gets its recoveries one window at a time', async () => {
    const hub = makeHub(BOARD)
    const one = connected(hub, BOARD)
    for (let n = 1; n <= 30; n += 1) hub.publish('board', n)
    const epoch = ((await hub.subscribe().join('board')).position as { epoch: string }).epoch
    const consumers = Array.from({ length: 4 }, () => one.channels.subscribe())
    one.toClient.isHeld = true
    const joins = consumers.map((consumer) =>
      consumer.join('board', { since: { epoch, offset: 0 } }),
    )
    await turns(4)
    one.toClient.release()
    one.toClient.isHeld = true
    await turns(4)
    expect(one.toClient.waiting.filter(({ type }) => type === 'past')).toHaveLength(1)
    one.toClient.release()
    for (const join of joins) expect(await soon(join)).toMatchObject({ recovered: 30 })
  })

  it('hears of direct messages that it has lost', async () => {
    const hub = makeHub()
    const one = connected(hub)
    const consumer = one.channels.subscribe()
    const { address } = consumer
    await turns(4)
    one.toClient.isHeld = true
    for (let n = 1; n <= 10; n += 1) hub.send(address, n)
    one.toClient.release()
    expect(valuesOf(await take(consumer, 9))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 'gap slow null'])
    expect(one.channels.stats().dropped).toMatchObject({ slow: 2 })
  })

  it('whose consumers leave the group hears of no loss', async () => {
    const hub = makeHub()
    const one = connected(hub)
    const consumer = one.channels.subscribe()
    await soon(consumer.join('a'))
    one.toClient.isHeld = true
    for (let n = 1; n <= 20; n += 1) hub.publish('a', n)
    consumer.leave('a')
    await turns(2)
    one.toClient.release()
    await soon(consumer.join('a'))
    hub.publish('a', 'next')
    expect(valuesOf(await take(consumer, 1))).toEqual(['next'])
  })
})

describe('a publisher above its window', () => {
  it('gets false, and consumers are told the number before the next message', async () => {
    const hub = makeHub()
    const one = connected(hub)
    const consumer = hub.subscribe()
    await soon(consumer.join('a'))
    one.toRelay.isHeld = true
    const taken = Array.from({ length: 10 }, (_, n) => one.channels.publish('a', n))
    expect(taken.filter(Boolean)).toHaveLength(8)
    expect(one.channels.stats()).toMatchObject({
      pending: 8,
      published: 8,
      dropped: { publisher: 2 },
    })
    one.toRelay.release()
    expect(valuesOf(await take(consumer, 8))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    await turns(2)
    expect(one.channels.stats().pending).toBe(0)
    one.channels.publish('a', 'next')
    expect(valuesOf(await take(consumer, 2))).toEqual(['gap publisher 2', 'next'])
  })
})

describe('a relay that comes late, or comes again', () => {
  it('gets the messages that wait, and the groups', async () => {
    const hub = makeHub(BOARD)
    const one = makeClient(hub, BOARD)
    const consumer = one.channels.subscribe()
    const joined = consumer.join('board')
    expect(one.channels.publish('board', 1)).toBe(true)
    expect(one.channels.stats()).toMatchObject({ connected: false, pending: 1 })
    one.broker.connected()
    expect(await soon(joined)).toMatchObject({ position: { offset: 1 } })
    hub.publish('board', 2)
    expect(valuesOf(await take(consumer, 1))).toEqual([2])
    expect(one.channels.stats()).toMatchObject({ connected: true })
  })

  it('tells gaps, and consumers go on', async () => {
    const hub = makeHub(BOARD)
    const one = connected(hub, BOARD)
    const consumer = one.channels.subscribe()
    for (const group of ['board', 'news']) await soon(consumer.join(group))
    hub.publish('board', 1)
    await take(consumer, 1)
    one.broker.disconnected()
    expect(one.channels.publish('news', 'kept')).toBe(true)
    hub.publish('board', 2)
    one.broker.connected()
    const events = valuesOf(await take(consumer, 3))
    expect(events.filter((value) => value !== 2)).toEqual(['gap broker null', 'kept'])
    expect(events).toContain(2)
  })

  it('closes within a second if it never comes, and refuses from then on', async () => {
    const one = makeClient(makeHub())
    const consumer = one.channels.subscribe()
    const joined = consumer.join('a')
    one.channels.publish('a', 1)
    await soon(one.channels.close())
    await expect(soon(joined)).rejects.toThrow(ChannelsClosedError)
    expect(one.channels.publish('a', 1)).toBe(false)
  })

  it('passes waiting messages on before it closes', async () => {
    const hub = makeHub()
    const one = connected(hub)
    const consumer = hub.subscribe()
    await soon(consumer.join('a'))
    one.channels.publish('a', 1)
    await soon(one.channels.close())
    expect(valuesOf(await take(consumer, 1))).toEqual([1])
  })
})

async function take(subscription: Subscription, count: number): Promise<ChannelEvent[]> {
  const events: ChannelEvent[] = []
  while (events.length < count) {
    const event = await soon(subscription.receive())
    if (event) events.push(event)
  }
  return events
}

function valuesOf(events: readonly ChannelEvent[]): unknown[] {
  return events.map((event) =>
    event.type === 'message' ? event.message : `gap ${event.reason} ${event.lost}`,
  )
}

async function soon<Value>(promise: Promise<Value>): Promise<Value> {
  expect(await settlesWithin(promise, DEADLINE_MS)).toBe(true)
  return promise
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await turn()
}
