// Messages: groups, direct channels, order, leave and close.

import { describe, expect, it } from 'vitest'
import { ChannelsClosedError } from 'isthmus/channels'
import {
  numbers,
  publishNumbers,
  settled,
  soon,
  take,
  takeUntil,
  turn,
  until,
  valueOf,
  valuesOf,
} from './subject.ts'
import type { ChannelEvent, Channels, Joined } from 'isthmus/channels'
import type { ChannelsBench } from './subject.ts'

export function describeMessages(bench: () => ChannelsBench): void {
  describe('groups', () => {
    it('a message reaches all consumers of its group, in each process', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumers = [one.subscribe(), one.subscribe(), two.subscribe()]
      for (const consumer of consumers) await soon(consumer.join('news'), 'join')
      one.publish('news', 'from one')
      for (const consumer of consumers) {
        expect(await take(consumer, 1)).toMatchObject([
          { type: 'message', group: 'news', message: 'from one', position: null },
        ])
      }
      two.publish('news', 'from two')
      for (const consumer of consumers) {
        expect(valuesOf(await take(consumer, 1))).toEqual(['from two'])
      }
    })

    it('a consumer gets the messages of its groups only', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = one.subscribe()
      await soon(consumer.join('a'), 'join')
      await soon(consumer.join('b'), 'join')
      expect(consumer.groups).toEqual(['a', 'b'])
      two.publish('c', 1)
      two.publish('a', 2)
      two.publish('ab', 3)
      two.publish('a', 'end')
      expect(valuesOf(await takeUntil(consumer, 'end'))).toEqual([2, 'end'])
    })

    it('the name of a group is any text', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const names = [
        'a b',
        'a*',
        'a?',
        '[a]',
        '{a}b',
        'é',
        '😀',
        '\n\0',
        '__proto__',
        'x'.repeat(255),
      ]
      const consumer = two.subscribe()
      for (const name of names) await soon(consumer.join(name), 'join')
      for (const name of names) one.publish(name, name)
      const events = await take(consumer, names.length)
      expect(events.map(({ group }) => group).toSorted()).toEqual(names.toSorted())
      expect(events.every((event) => valueOf(event) === event.group)).toBe(true)
    })

    it('a consumer that leaves gets none of the events any more, those in the queue included', async () => {
      const channels = await bench().open()
      const [leaver, other] = [channels.subscribe(), channels.subscribe()]
      for (const consumer of [leaver, other]) {
        await soon(consumer.join('a'), 'join')
        await soon(consumer.join('b'), 'join')
      }
      channels.publish('a', 1)
      channels.publish('b', 2)
      await take(other, 2)
      leaver.leave('a')
      leaver.leave('never joined')
      channels.publish('a', 3)
      channels.publish('b', 'end')
      expect(valuesOf(await takeUntil(leaver, 'end'))).toEqual([2, 'end'])
      expect(leaver.groups).toEqual(['b'])
    })

    it('a group that is left and joined again at once delivers', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = one.subscribe()
      for (let turn = 0; turn < 20; turn += 1) {
        const abandoned = consumer.join('a')
        consumer.leave('a')
        expect(await soon(endOf(abandoned), 'end of the join')).toMatch(/^joined$|CHANNELS_CLOSED$/)
      }
      await soon(consumer.join('a'), 'join')
      two.publish('a', 'end')
      expect(valuesOf(await take(consumer, 1))).toEqual(['end'])
    })
  })

  describe('messages', () => {
    it('a value arrives as JSON gives it back, frozen, and is one object for all consumers', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const [first, second] = [two.subscribe(), two.subscribe()]
      await soon(first.join('a'), 'join')
      await soon(second.join('a'), 'join')
      const values = [
        null,
        true,
        0,
        -1.5e-7,
        '',
        'é😀\ud800\0\u2028',
        [],
        [1, [2]],
        { a: { b: [] } },
      ]
      for (const value of values) one.publish('a', value)
      const events = await take(first, values.length)
      expect(valuesOf(events)).toEqual(values)
      expect(events.every((event) => Object.isFrozen(valueOf(event)))).toBe(true)
      expect(Object.isFrozen((events.at(-1) as { message: { a: unknown } }).message.a)).toBe(true)
      const others = await take(second, values.length)
      expect(others.every((event, index) => valueOf(event) === valueOf(events[index]!))).toBe(true)
    })

    it('bytes arrive as bytes, also if the publisher changes its own', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = two.subscribe()
      await soon(consumer.join('a'), 'join')
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
      one.publish('a', all)
      one.publish('a', Buffer.from(all).subarray(7, 9))
      one.publish('a', new Uint8Array(0))
      all.fill(1)
      const [whole, part, empty] = valuesOf(await take(consumer, 3)) as Uint8Array[]
      expect([...whole!]).toEqual(numbers(0, 255))
      expect([...part!]).toEqual([7, 8])
      expect(empty).toBeInstanceOf(Uint8Array)
      expect(empty).toHaveLength(0)
    })

    it('the text of a message is JSON for a browser', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = two.subscribe()
      await soon(consumer.join('a"b'), 'join')
      await soon(consumer.join('log:1'), 'join')
      one.publish('a"b', { n: 1 })
      one.publish('a"b', Buffer.from('hi'))
      one.publish('log:1', [])
      const events = await take(consumer, 3)
      const texts = events.map(({ text }) => JSON.parse(text) as unknown)
      const { epoch } = events.find(({ group }) => group === 'log:1')?.position ?? {}
      expect(texts).toHaveLength(3)
      expect(texts).toContainEqual({ group: 'a"b', message: { n: 1 } })
      expect(texts).toContainEqual({ group: 'a"b', bytes: 'aGk=' })
      expect(texts).toContainEqual({ group: 'log:1', message: [], epoch, offset: 1 })
      expect(epoch).toMatch(/^[\da-zA-Z-]{1,64}$/)
    })

    it('messages of a mebibyte arrive', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = two.subscribe({ maxQueueBytes: Infinity })
      await soon(consumer.join('a'), 'join')
      const text = 'é'.repeat(500_000)
      for (let turn = 0; turn < 4; turn += 1) expect(one.publish('a', text)).toBe(true)
      expect(one.publish('a', new Uint8Array(1024 * 1024).fill(7))).toBe(true)
      const values = valuesOf(await take(consumer, 5))
      expect(values.slice(0, 4).every((value) => value === text)).toBe(true)
      expect((values[4] as Uint8Array).every((byte) => byte === 7)).toBe(true)
    })

    it('10,000 messages of two publishers arrive once, in the order of each', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumers = [
        one.subscribe({ maxQueue: Infinity }),
        two.subscribe({ maxQueue: Infinity }),
      ]
      for (const consumer of consumers) await soon(consumer.join('a'), 'join')
      for (let n = 0; n < 5_000; n += 1) {
        if (!one.publish('a', { of: 1, n })) throw new Error(`one is refused at ${n}`)
        if (!two.publish('a', { of: 2, n })) throw new Error(`two is refused at ${n}`)
        // A publisher that never waits is refused at the bound of the broker.
        if (n % 250 === 0)
          await until(() => one.stats().pending + two.stats().pending === 0, 'room')
      }
      for (const consumer of consumers) {
        const values = valuesOf(await takeFast(consumer, 10_000)) as Array<{
          of: number
          n: number
        }>
        for (const publisher of [1, 2]) {
          const own = values.filter(({ of }) => of === publisher).map(({ n }) => n)
          expect(own).toEqual(numbers(0, 4_999))
        }
      }
    })
  })

  describe('direct channels', () => {
    it('a direct message reaches its consumer alone, from each process', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const [consumer, other] = [one.subscribe(), one.subscribe()]
      const { address } = consumer
      expect(consumer.address).toBe(address)
      expect(other.address).not.toBe(address)
      await settled(consumer, (message) => two.send(address, message))
      await settled(other, (message) => two.send(other.address, message))
      one.send(address, { n: 1 })
      one.send(address, Buffer.from([0, 255]))
      two.send(other.address, 'end')
      const events = await take(consumer, 2)
      expect(events.map(({ group }) => group)).toEqual([address, address])
      expect(valuesOf(events)).toEqual([{ n: 1 }, Uint8Array.of(0, 255)])
      expect(Buffer.isBuffer(valueOf(events[1]!))).toBe(false)
      expect(valuesOf(await takeUntil(other, 'end'))).toEqual(['end'])
    })

    it('a direct message to a consumer that has closed is counted', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const [consumer, other] = [one.subscribe(), one.subscribe()]
      const { address } = consumer
      await settled(other, (message) => two.send(other.address, message))
      const before = one.stats().dropped.unreached
      consumer.close()
      two.send(address, 1)
      await until(() => one.stats().dropped.unreached === before + 1, 'count of the message')
      one.send(other.address, 'end')
      expect(valuesOf(await take(other, 1))).toEqual(['end'])
    })
  })

  describe('a consumer', () => {
    it('[D#61] loses no event in a loop that abandons receive() again and again', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = two.subscribe()
      await soon(consumer.join('a'), 'join')
      expect(consumer.receive()).toBe(consumer.receive())
      const published = publishSlowly(one, 20)
      const seen: unknown[] = []
      while (seen.length < 20) {
        const event = await soon(Promise.race([consumer.receive(), turn()]), 'event')
        if (event) seen.push(valueOf(event))
      }
      await published
      expect(seen).toEqual(numbers(1, 20))
    })

    it('goes on with another iteration after a break', async () => {
      const channels = await bench().open()
      const consumer = channels.subscribe()
      await soon(consumer.join('a'), 'join')
      publishNumbers(channels, 'a', [1, 4])
      const seen: unknown[] = []
      const takeTwo = async (): Promise<void> => {
        for await (const event of consumer) if (seen.push(valueOf(event)) % 2 === 0) return
      }
      await soon(takeTwo(), 'two events')
      await soon(takeTwo(), 'two events')
      expect(seen).toEqual([1, 2, 3, 4])
    })

    it('gets each event at once by onEvent, and its error reaches no other consumer', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const seen: unknown[] = []
      const failing = two.subscribe({
        onEvent: (event) => {
          seen.push(valueOf(event))
          throw new Error('a planted fault')
        },
      })
      const other = two.subscribe()
      await soon(failing.join('a'), 'join')
      await soon(other.join('a'), 'join')
      publishNumbers(one, 'a', [1, 3])
      expect(valuesOf(await take(other, 3))).toEqual([1, 2, 3])
      expect(seen).toEqual([1, 2, 3])
    })

    it('publishes, joins, leaves and closes while it gets an event', async () => {
      const channels = await bench().open()
      const seen: string[] = []
      const consumer = channels.subscribe({
        onEvent: (event) => {
          const value = String(valueOf(event))
          seen.push(`${event.group} ${value}`)
          if (value === 'join') void consumer.join('b').then(() => channels.publish('b', 'joined'))
          if (value === 'joined') {
            channels.publish('a', 'left')
            consumer.leave('a')
            channels.publish('b', 'close')
          }
          if (value === 'close') consumer.close()
        },
      })
      await soon(consumer.join('a'), 'join')
      channels.publish('a', 'join')
      await until(() => channels.stats().subscriptions === 0, 'close')
      expect(seen).toEqual(['a join', 'b joined', 'b close'])
    })

    it('ends its iteration, its receive() and its joins at close()', async () => {
      const channels = await bench().open()
      const consumer = channels.subscribe()
      const join = consumer.join('a')
      const [pending, events] = [consumer.receive(), [] as ChannelEvent[]]
      consumer.close()
      consumer[Symbol.dispose]()
      for await (const event of consumer) events.push(event)
      expect(events).toEqual([])
      expect(await soon(pending, 'end')).toBeUndefined()
      expect(await soon(consumer.receive(), 'end')).toBeUndefined()
      expect(consumer.groups).toEqual([])
      expect(await soon(endOf(join), 'end of the join')).toMatch(/^joined$|CHANNELS_CLOSED$/)
      await expect(consumer.join('a')).rejects.toThrow(ChannelsClosedError)
    })
  })

  describe('channels', () => {
    it('count their messages and consumers', async () => {
      const channels = await bench().open()
      const [one, two] = [channels.subscribe(), channels.subscribe()]
      await soon(one.join('a'), 'join')
      await soon(two.join('a'), 'join')
      await soon(two.join('b'), 'join')
      publishNumbers(channels, 'a', [1, 2])
      publishNumbers(channels, 'b', [3, 3])
      await take(one, 2)
      await take(two, 3)
      await until(() => channels.stats().pending === 0, 'end of the publications')
      expect(channels.stats()).toEqual({
        connected: true,
        subscriptions: 2,
        groups: 2,
        published: 3,
        pending: 0,
        delivered: 5,
        gaps: { slow: 0, broker: 0, epoch: 0, history: 0, publisher: 0 },
        dropped: { publisher: 0, slow: 0, unreached: 0 },
      })
      two.close()
      expect(channels.stats()).toMatchObject({ subscriptions: 1, groups: 1 })
    })

    it('end their consumers at close(), and count each later publication as dropped', async () => {
      const channels = await bench().open()
      const consumer = channels.subscribe()
      await soon(consumer.join('a'), 'join')
      const pending = consumer.receive()
      const closed = channels.close()
      expect(channels.close()).toBe(closed)
      await soon(closed, 'close')
      expect(await soon(pending, 'end')).toBeUndefined()
      expect(channels.publish('a', 1)).toBe(false)
      expect(channels.send(consumer.address, 1)).toBe(false)
      expect(channels.stats().dropped.publisher).toBe(2)
      expect(() => channels.subscribe()).toThrow(ChannelsClosedError)
      await expect(consumer.join('a')).rejects.toThrow(ChannelsClosedError)
    })
  })
}

type Consumer = Parameters<typeof take>[0]

async function takeFast(consumer: Consumer, count: number): Promise<ChannelEvent[]> {
  const events: ChannelEvent[] = []
  const taken = (async () => {
    for await (const event of consumer) if (events.push(event) === count) return
  })()
  await soon(taken, `${count} events`)
  return events
}

async function publishSlowly(channels: Channels, count: number): Promise<void> {
  for (const number of numbers(1, count)) {
    await turn()
    channels.publish('a', number)
  }
}

/** `joined`, or the code of the error. */
async function endOf(join: Promise<Joined>): Promise<string> {
  return join.then(
    () => 'joined',
    (error: unknown) => String(Reflect.get(error as Error, 'code')),
  )
}
