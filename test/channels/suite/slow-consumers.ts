// Consumers that are slower than their groups: each policy, its gaps and its counters.

import { describe, expect, it } from 'vitest'
import { SlowConsumerError } from 'isthmus/channels'
import { numbers, publishNumbers, soon, take, takeUntil, until, valuesOf } from './subject.ts'
import type { Channels } from 'isthmus/channels'
import type { ChannelsBench } from './subject.ts'

export function describeSlowConsumers(bench: () => ChannelsBench): void {
  describe('a slow consumer', () => {
    it('loses the oldest messages, and a gap says how many', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const slow = two.subscribe({ maxQueue: 3 })
      await soon(slow.join('a'), 'join')
      await flood(one, two, 10)
      expect(await take(slow, 1)).toMatchObject([
        {
          type: 'gap',
          group: 'a',
          reason: 'slow',
          lost: 7,
          text: '{"group":"a","gap":"slow","lost":7}',
        },
      ])
      expect(valuesOf(await take(slow, 3))).toEqual([8, 9, 10])
      one.publish('a', 'end')
      expect(valuesOf(await take(slow, 1))).toEqual(['end'])
      expect(two.stats()).toMatchObject({ gaps: { slow: 1 }, dropped: { slow: 7 } })
    })

    it('loses the newest messages by dropNewest, and the gap comes in their place', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const slow = two.subscribe({ maxQueue: 3, onSlow: 'dropNewest' })
      await soon(slow.join('a'), 'join')
      await flood(one, two, 10)
      expect(valuesOf(await take(slow, 4))).toEqual([1, 2, 3, 'gap slow 7'])
      one.publish('a', 'end')
      expect(valuesOf(await take(slow, 1))).toEqual(['end'])
      expect(two.stats()).toMatchObject({ gaps: { slow: 1 }, dropped: { slow: 7 } })
    })

    it('ends by the policy close', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const slow = two.subscribe({ maxQueue: 3, onSlow: 'close' })
      await soon(slow.join('a'), 'join')
      await flood(one, two, 10)
      await expect(soon(slow.receive(), 'end')).rejects.toThrow(SlowConsumerError)
      await expect(slow[Symbol.asyncIterator]().next()).rejects.toThrow(SlowConsumerError)
      expect(slow.groups).toEqual([])
      expect(two.stats()).toMatchObject({ subscriptions: 0, groups: 0, dropped: { slow: 4 } })
    })

    it('is bounded by bytes too', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const slow = two.subscribe({ maxQueueBytes: 1000 })
      await soon(slow.join('a'), 'join')
      const probe = await watch(two)
      for (let n = 0; n < 10; n += 1) one.publish('a', Buffer.alloc(300, n))
      await take(probe, 10)
      const [gap, ...messages] = valuesOf(await take(slow, 4))
      expect(gap).toBe('gap slow 7')
      expect(messages.map((value) => (value as Uint8Array)[0])).toEqual([7, 8, 9])
    })

    it('gets a message that is longer than the whole bound', async () => {
      const channels = await bench().open()
      const slow = channels.subscribe({ maxQueueBytes: 10 })
      await soon(slow.join('a'), 'join')
      const probe = await watch(channels)
      channels.publish('a', 'x'.repeat(100))
      await take(probe, 1)
      expect(valuesOf(await take(slow, 1))).toEqual(['x'.repeat(100)])
    })

    it('delays no other consumer', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const [slow, fast] = [two.subscribe({ maxQueue: 1 }), two.subscribe()]
      await soon(slow.join('a'), 'join')
      await soon(fast.join('a'), 'join')
      for (const first of [1, 101, 201]) {
        publishNumbers(one, 'a', [first, first + 99])
        expect(valuesOf(await take(fast, 100))).toEqual(numbers(first, first + 99))
      }
      expect(valuesOf(await take(slow, 2))).toEqual(['gap slow 299', 300])
      expect(two.stats()).toMatchObject({ delivered: 301, dropped: { slow: 299 } })
    })

    it('of several groups is told the loss of each', async () => {
      const channels = await bench().open()
      const slow = channels.subscribe({ maxQueue: 2 })
      await soon(slow.join('a'), 'join')
      await soon(slow.join('b'), 'join')
      const probe = await watch(channels, ['a', 'b'])
      for (let n = 1; n <= 3; n += 1) {
        channels.publish('a', `a${n}`)
        channels.publish('b', `b${n}`)
        await take(probe, 2)
      }
      const values = (await take(slow, 4)).map(
        (event) => event.group + (event.type === 'gap' ? ` lost ${event.lost}` : ''),
      )
      expect(values.toSorted()).toEqual(['a', 'a lost 2', 'b', 'b lost 2'])
    })

    it('finds the messages that it lost in the history', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const slow = two.subscribe({ maxQueue: 3 })
      await soon(slow.join('log:a'), 'join')
      one.publish('log:a', 0)
      const [first] = await take(slow, 1)
      await flood(one, two, 5, 'log:a')
      expect(valuesOf(await take(slow, 1))).toEqual(['gap slow 2'])
      const joined = await soon(slow.join('log:a', { since: first?.position }), 'join')
      expect(joined.recovered).toBe(5)
      one.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(slow, 'end'))).toEqual([1, 2, 3, 4, 5, 'end'])
    })
  })
}

/** Publishes numbers, and waits until the process of `two` has them all. */
async function flood(one: Channels, two: Channels, count: number, group = 'a'): Promise<void> {
  const probe = await watch(two, [group])
  publishNumbers(one, group, [1, count])
  await take(probe, count)
  probe.close()
  await until(() => one.stats().pending === 0, 'end of the publications')
}

async function watch(channels: Channels, groups = ['a']): ReturnType<typeof watched> {
  return watched(channels, groups)
}

async function watched(channels: Channels, groups: string[]) {
  const probe = channels.subscribe({ maxQueue: Infinity, maxQueueBytes: Infinity })
  for (const group of groups) await soon(probe.join(group), 'join')
  return probe
}
