// Brokers that go away and come back: with their messages, or without.

import { describe, expect, it } from 'vitest'
import { ChannelsClosedError } from 'isthmus/channels'
import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import { publishedBy } from './history.ts'
import {
  numbers,
  publishNumbers,
  settled,
  soon,
  take,
  takeUntil,
  until,
  valueOf,
  valuesOf,
} from './subject.ts'
import type { Channels } from 'isthmus/channels'
import type { ChannelsBench, Gaps } from './subject.ts'

export function describeBrokenBroker(bench: () => ChannelsBench, gaps: Gaps): void {
  describe.skipIf(gaps.interrupt !== undefined)('a broker that is cut off', () => {
    it('takes the publications after its return, and consumers with a history miss none', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { consumer: own } = await publishedBy(one, 'log:a', 3)
      const { consumer: other } = await publishedBy(two, 'log:b', 1)
      await soon(other.join('log:a'), 'join')
      await bench().interrupt()
      await until(() => !one.stats().connected && !two.stats().connected, 'notice of the cut')
      publishNumbers(one, 'log:a', [4, 20])
      expect(one.stats().pending).toBe(17)
      await bench().restore()
      for (const consumer of [own, other]) {
        const events = await take(consumer, 17)
        expect(valuesOf(events)).toEqual(numbers(4, 20))
        expect(events.map(({ position }) => position?.offset)).toEqual(numbers(4, 20))
      }
      await until(() => one.stats().connected && two.stats().connected, 'notice of the return')
      expect([one.stats().gaps, two.stats().gaps]).toEqual([NO_GAPS, NO_GAPS])
    })

    it('is told by a gap to each consumer of a group without a history, and to each direct channel', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const [first, second, direct] = [two.subscribe(), two.subscribe(), two.subscribe()]
      await soon(first.join('a'), 'join')
      await soon(second.join('a'), 'join')
      const { address } = direct
      await settled(direct, (message) => one.send(address, message))
      await cut(bench(), [one, two])
      for (const consumer of [first, second]) {
        expect(await take(consumer, 1)).toMatchObject([
          { type: 'gap', group: 'a', reason: 'broker', lost: null },
        ])
      }
      expect(await take(direct, 1)).toMatchObject([
        { group: address, reason: 'broker', lost: null },
      ])
      one.publish('a', 'end')
      expect(valuesOf(await takeUntil(first, 'end'))).toEqual(['end'])
      one.send(address, 'end')
      expect(valuesOf(await takeUntil(direct, 'end'))).toEqual(['end'])
      expect(two.stats().gaps.broker).toBe(3)
    })

    it('holds a join until it is back', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:a', 3)
      await bench().interrupt()
      await until(() => !two.stats().connected, 'notice of the cut')
      const late = two.subscribe()
      const joins = [late.join('log:a', { since: places[0] }), late.join('a')]
      expect(await settlesWithin(Promise.race(joins), 50)).toBe(false)
      await bench().restore()
      expect(await soon(joins[0]!, 'join')).toEqual({ position: places[2], recovered: 2 })
      await soon(joins[1]!, 'join')
      one.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(late, 'end'))).toEqual([2, 3, 'end'])
    })

    it('that goes away ten times leaves each message once and in order', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { consumer } = await publishedBy(two, 'log:a', 1)
      for (let turn = 0; turn < 10; turn += 1) {
        publishNumbers(one, 'log:a', [turn * 20 + 2, turn * 20 + 11])
        await bench().interrupt()
        publishNumbers(one, 'log:a', [turn * 20 + 12, turn * 20 + 21])
        await bench().restore()
      }
      await until(() => one.stats().connected && one.stats().pending === 0, 'publications')
      one.publish('log:a', 'end')
      // The messages that were on their way at a cut may be lost before they have an offset.
      const values = valuesOf(await takeUntil(consumer, 'end')).filter(
        (value) => typeof value === 'number',
      )
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b))
    })

    it('refuses publications at the bound, and a gap says how many', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = two.subscribe({ maxQueue: Infinity, maxQueueBytes: Infinity })
      await soon(consumer.join('a'), 'join')
      await bench().interrupt()
      await until(() => !one.stats().connected, 'notice of the cut')
      const filler = 'x'.repeat(10_000)
      let taken = 0
      while (taken < 100_000 && one.publish('a', filler)) taken += 1
      expect(taken).toBeLessThan(100_000)
      expect(one.publish('a', filler)).toBe(false)
      expect(one.publish('a', filler)).toBe(false)
      expect(one.stats()).toMatchObject({ pending: taken, dropped: { publisher: 3 } })
      await bench().restore()
      await until(() => one.stats().pending === 0, 'publications')
      one.publish('a', 'end')
      const events = await takeUntil(consumer, 'end')
      const lost = events.filter((event) => event.type === 'gap' && event.reason === 'publisher')
      expect(lost).toMatchObject([{ group: 'a', lost: 3 }])
      expect(events.at(-2)).toBe(lost[0])
    })

    it('holds neither close() nor the joins that wait', async () => {
      const channels = await bench().open()
      await bench().interrupt()
      await until(() => !channels.stats().connected, 'notice of the cut')
      channels.publish('a', 1)
      const consumer = channels.subscribe()
      const joins = [consumer.join('a'), consumer.join('log:a')]
      const closed = channels.close()
      for (const join of joins) {
        await expect(soon(join, 'end of the join')).rejects.toThrow(ChannelsClosedError)
      }
      await soon(closed, 'close')
      await bench().restore()
    })
  })

  describe.skipIf(gaps.restart !== undefined)('a broker that returns empty', () => {
    it('has another epoch, and a gap says so before its messages', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { consumer, places } = await publishedBy(two, 'log:a', 3)
      await bench().restartEmpty()
      await until(() => one.stats().connected && two.stats().connected, 'return')
      one.publish('log:a', 'end')
      const events = await takeUntil(consumer, 'end')
      expect(valueOf(events[0]!)).toBe('gap epoch null')
      expect(events.at(-1)?.position).toMatchObject({ offset: 1 })
      expect(events.at(-1)?.position?.epoch).not.toBe(places[0]?.epoch)
      const late = one.subscribe()
      const joined = await soon(late.join('log:a', { since: places[2] }), 'join')
      expect(joined).toEqual({ position: events.at(-1)?.position, recovered: null })
      expect(valuesOf(await takeUntil(late, 'end'))).toEqual(['gap epoch null', 'end'])
    })

    it('delivers to the consumers of before', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumer = two.subscribe()
      await soon(consumer.join('a'), 'join')
      const { address } = consumer
      await settled(consumer, (message) => one.send(address, message))
      await bench().restartEmpty()
      await until(() => one.stats().connected && two.stats().connected, 'return')
      await takeUntil(consumer, 'gap broker null')
      one.publish('a', 'group')
      one.send(address, 'direct')
      const seen: unknown[] = []
      while (!seen.includes('group') || !seen.includes('direct')) {
        seen.push(...valuesOf(await take(consumer, 1)))
      }
      expect(seen).toEqual(expect.arrayContaining(['group', 'direct']))
    })
  })
}

const NO_GAPS = { slow: 0, broker: 0, epoch: 0, history: 0, publisher: 0 }

async function cut(broker: ChannelsBench, processes: Channels[]): Promise<void> {
  await broker.interrupt()
  await until(() => processes.every((one) => !one.stats().connected), 'notice of the cut')
  await broker.restore()
  await until(() => processes.every((one) => one.stats().connected), 'notice of the return')
}
