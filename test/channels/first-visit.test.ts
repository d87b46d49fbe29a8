// A consumer that has no message yet gets the history of the group.

import { expect, it } from 'vitest'
import { memory } from 'isthmus/channels'
import type { ChannelEvent, Subscription } from 'isthmus/channels'

it('an empty epoch asks for all messages of the history, without a gap', async () => {
  const channels = memory({ history: { board: { size: 2 } } })
  for (const n of [1, 2, 3]) channels.publish('board', n)
  using consumer = channels.subscribe()
  const { recovered } = await consumer.join('board', { since: { epoch: '', offset: 0 } })
  expect(recovered).toBe(2)
  expect(await take(consumer, 2)).toMatchObject([{ message: 2 }, { message: 3 }])
})

it('an empty epoch is no gap for a group without a history', async () => {
  const channels = memory()
  using consumer = channels.subscribe()
  await consumer.join('board', { since: { epoch: '', offset: 0 } })
  channels.publish('board', 1)
  expect(await take(consumer, 1)).toMatchObject([{ type: 'message', message: 1 }])
})

it('the gap of a lost history has the position before the messages that follow', async () => {
  const channels = memory({ history: { board: { size: 2 } } })
  for (const n of [1, 2, 3]) channels.publish('board', n)
  using consumer = channels.subscribe()
  await consumer.join('board', { since: { epoch: 'another', offset: 9 } })
  expect(await take(consumer, 3)).toMatchObject([
    { type: 'gap', reason: 'epoch', position: { offset: 1 } },
    { message: 2, position: { offset: 2 } },
    { message: 3, position: { offset: 3 } },
  ])
})

async function take(consumer: Subscription, count: number): Promise<ChannelEvent[]> {
  const events: ChannelEvent[] = []
  for await (const event of consumer) if (events.push(event) === count) break
  return events
}
