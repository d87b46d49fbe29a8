// Histories: positions, recovery, and the gaps of messages that cannot be recovered.

import { describe, expect, it } from 'vitest'
import { numbers, publishNumbers, soon, take, takeUntil, until, valuesOf } from './subject.ts'
import type { Channels, Joined, Position, Subscription } from 'isthmus/channels'
import type { ChannelsBench } from './subject.ts'

/** The histories of each subject. */
export const HISTORIES = {
  'log:*': { size: 1_000 },
  'log:short:*': { size: 5 },
  'log:brief': { size: 100, ttlMs: 200 },
}

export function describeHistory(bench: () => ChannelsBench): void {
  describe('a history', () => {
    it('numbers the messages of a group, the same for all processes', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const consumers = [one.subscribe(), two.subscribe()]
      const joins: Joined[] = []
      for (const consumer of consumers) joins.push(await soon(consumer.join('log:a'), 'join'))
      const epoch = joins[0]?.position?.epoch
      expect(joins).toEqual([start(epoch), start(epoch)])
      one.publish('log:a', 'one')
      await take(consumers[0]!, 1)
      two.publish('log:a', 'two')
      for (const [index, consumer] of consumers.entries()) {
        const positions = (await take(consumer, 2 - (index === 0 ? 1 : 0))).map(
          ({ position }) => position,
        )
        expect(positions.at(-1)).toEqual({ epoch, offset: 2 })
      }
    })

    it('gives a consumer the messages after its position, in order, and then the live ones', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:a', 10)
      const late = two.subscribe()
      expect(await soon(late.join('log:a', { since: places[3] }), 'join')).toEqual({
        position: places[9],
        recovered: 6,
      })
      one.publish('log:a', 11)
      const events = await take(late, 7)
      expect(valuesOf(events)).toEqual(numbers(5, 11))
      expect(events.map(({ position }) => position?.offset)).toEqual(numbers(5, 11))
    })

    it('gives a consumer that has them all none', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:a', 3)
      const late = two.subscribe()
      const joined = await soon(late.join('log:a', { since: places[2] }), 'join')
      expect(joined).toEqual({ position: places[2], recovered: 0 })
      one.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(late, 'end'))).toEqual(['end'])
    })

    it('gives a consumer without a position the messages from now on', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:a', 3)
      const late = two.subscribe()
      const joined = await soon(late.join('log:a'), 'join')
      expect(joined).toEqual({ position: places[2], recovered: null })
      one.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(late, 'end'))).toEqual(['end'])
    })

    it('is kept while the group has no consumer, bytes included', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { consumer, places } = await publishedBy(one, 'log:a', 1)
      consumer.close()
      one.publish('log:a', Buffer.from([1, 0, 255]))
      two.publish('log:a', { text: 'é😀' })
      await until(() => one.stats().pending + two.stats().pending === 0, 'end of the publications')
      const late = two.subscribe()
      await eventually(late, 'log:a', places[0]!, 2)
      const values = valuesOf(await take(late, 2))
      expect(values).toContainEqual(Uint8Array.of(1, 0, 255))
      expect(values).toContainEqual({ text: 'é😀' })
    })

    it('is read without duplicates by a join of a group that is joined', async () => {
      const channels = await bench().open()
      const { consumer, places } = await publishedBy(channels, 'log:a', 2)
      publishNumbers(channels, 'log:a', [3, 5])
      await until(() => channels.stats().pending === 0, 'end of the publications')
      await eventually(consumer, 'log:a', places[1]!, 3)
      channels.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(consumer, 'end'))).toEqual([3, 4, 5, 'end'])
    })

    it('that is trimmed by its size tells the number of lost messages', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:short:a', 12)
      const late = two.subscribe()
      const joined = await soon(late.join('log:short:a', { since: places[1] }), 'join')
      expect(joined).toEqual({ position: places[11], recovered: null })
      const [gap, ...rest] = await take(late, 6)
      expect(gap).toMatchObject({ type: 'gap', reason: 'history', lost: 5, position: places[6] })
      expect(valuesOf(rest)).toEqual(numbers(8, 12))
      expect(JSON.parse(gap!.text)).toEqual({
        group: 'log:short:a',
        gap: 'history',
        lost: 5,
        ...places[6],
      })
    })

    it('that is trimmed by age tells the number of lost messages', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:brief', 3)
      const late = two.subscribe()
      await until(async () => {
        const { recovered } = await soon(late.join('log:brief', { since: places[0] }), 'join')
        return (
          recovered === null &&
          late.receive().then((event) => event?.type === 'gap' && event.lost === 2)
        )
      }, 'end of the messages')
      expect(await soon(late.join('log:brief', { since: places[2] }), 'join')).toEqual({
        position: places[2],
        recovered: 0,
      })
      one.publish('log:brief', 'end')
      const [event] = await take(late, 1)
      expect(event).toMatchObject({ message: 'end', position: { ...places[2], offset: 4 } })
    })

    it('of another epoch is told by a gap, before all of its messages', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:a', 3)
      const [late, ahead] = [two.subscribe(), two.subscribe()]
      const since = { epoch: 'another', offset: 2 }
      expect(await soon(late.join('log:a', { since }), 'join')).toEqual({
        position: places[2],
        recovered: null,
      })
      const [gap, ...rest] = await take(late, 4)
      expect(gap).toMatchObject({
        reason: 'epoch',
        lost: null,
        position: { ...places[0], offset: 0 },
      })
      expect(valuesOf(rest)).toEqual([1, 2, 3])
      await soon(ahead.join('log:a', { since: { ...places[0]!, offset: 9 } }), 'join')
      one.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(ahead, 'end'))).toEqual(['gap epoch null', 'end'])
    })

    it('that a group does not keep is told by a gap', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const late = two.subscribe()
      const joined = await soon(late.join('a', { since: { epoch: 'x', offset: 1 } }), 'join')
      expect(joined).toEqual({ position: null, recovered: null })
      one.publish('a', 'end')
      expect(valuesOf(await takeUntil(late, 'end'))).toEqual(['gap history null', 'end'])
      expect(two.stats().gaps).toMatchObject({ history: 1 })
    })

    it('gives consumers that join in the middle of 2,000 messages each one once and in order', async () => {
      const [one, two] = [await bench().open(), await bench().open()]
      const { places } = await publishedBy(one, 'log:a', 1)
      const joins: Array<Promise<number[]>> = []
      for (let first = 2; first <= 2_000; first += 100) {
        publishNumbers(one, 'log:a', [first, Math.min(first + 49, 2_000)])
        joins.push(everyMessage(two, places[0]!), everyMessage(one, places[0]!))
        publishNumbers(one, 'log:a', [first + 50, Math.min(first + 99, 2_000)])
        await new Promise((resolve) => setImmediate(resolve))
      }
      // A later one is told a gap of the messages that the history has lost.
      for (const [index, offsets] of (await soon(Promise.all(joins), 'last messages')).entries()) {
        expect(offsets, `consumer ${index}`).toEqual(numbers(offsets[0]!, 2_000))
      }
    })
  })
}

/** A consumer that takes its messages up to the last one of 2,000, and the offsets that it got. */
async function everyMessage(channels: Channels, since: Position): Promise<number[]> {
  const consumer = channels.subscribe({ maxQueue: Infinity })
  const [offsets, joined] = [[] as number[], consumer.join('log:a', { since })]
  let last = since.offset
  for await (const event of consumer) {
    if (event.type === 'gap') last += event.lost ?? Number.NaN
    else {
      last = event.position!.offset
      offsets.push(last)
    }
    if (last !== event.position?.offset) throw new Error(`${event.text} comes after ${last}`)
    if (last === 2_000) break
  }
  await joined
  consumer.close()
  return offsets
}

/** Publishes numbers from 1, and gives the place of each, and the consumer that has them. */
export async function publishedBy(
  channels: Channels,
  group: string,
  count: number,
): Promise<{ consumer: Subscription; places: Position[] }> {
  const consumer = channels.subscribe()
  await soon(consumer.join(group), 'join')
  publishNumbers(channels, group, [1, count])
  const events = await take(consumer, count)
  return { consumer, places: events.map(({ position }) => position as Position) }
}

/** Joins again until the history has `count` messages after `since`: a publisher does not wait for the broker. */
async function eventually(
  consumer: Subscription,
  group: string,
  since: Position,
  count: number,
): Promise<void> {
  await until(
    async () => (await soon(consumer.join(group, { since }), 'join')).recovered === count,
    `${count} messages in the history`,
  )
}

function start(epoch: string | undefined): Joined {
  return { position: { epoch: epoch as string, offset: 0 }, recovered: null }
}
