import { describe, expect, it } from 'vitest'
import { gapEvent, MessageEvent } from '../../src/channels/event.ts'
import { EventQueue } from '../../src/channels/event-queue.ts'
import type { QueueBounds } from '../../src/channels/event-queue.ts'
import type { GapReason } from '../../src/contract/channels.ts'

function queueOf(bounds: Partial<QueueBounds> = {}): EventQueue {
  return new EventQueue({ maxQueue: 3, maxQueueBytes: 1_000, onSlow: 'dropOldest', ...bounds })
}

function message(value: string | number, group = 'a'): MessageEvent {
  return new MessageEvent({ group, payload: JSON.stringify(value), position: null, lost: 0 })
}

function gap(reason: GapReason, lost: number | null, group = 'a') {
  return gapEvent(group, reason, lost, null)
}

/** Messages as values, gaps as `reason lost`, with the group if it is not `a`. */
function drained(queue: EventQueue): unknown[] {
  const values: unknown[] = []
  for (let event = queue.shift(); event; event = queue.shift()) {
    const suffix = event.group === 'a' ? '' : ` of ${event.group}`
    if (event.type === 'gap') values.push(`${event.reason} ${event.lost}${suffix}`)
    else values.push(suffix ? `${String(event.message)}${suffix}` : event.message)
  }
  expect(queue).toMatchObject({ isEmpty: true, messages: 0 })
  return values
}

describe('a queue of events', () => {
  it('counts the drops of dropOldest, and tells them before the messages that stay', () => {
    const queue = queueOf()
    const dropped = [1, 2, 3, 4, 5].map((n) => queue.push(message(n), 0))
    expect(dropped).toEqual([0, 0, 0, 1, 1])
    expect(queue.messages).toBe(3)
    expect(drained(queue)).toEqual(['slow 2', 3, 4, 5])
  })

  it('counts the drops of dropNewest, and tells them in their place', () => {
    const queue = queueOf({ onSlow: 'dropNewest' })
    const dropped = [1, 2, 3, 4, 5].map((n) => queue.push(message(n), 0))
    expect(dropped).toEqual([0, 0, 0, 1, 1])
    queue.shift()
    expect(queue.push(message(6), 0)).toBe(0)
    expect(drained(queue)).toEqual([2, 3, 'slow 2', 6])
  })

  it('is full by the policy close, and keeps its messages for the count', () => {
    const queue = queueOf({ onSlow: 'close' })
    expect([1, 2, 3, 4].map((n) => queue.push(message(n), 0))).toEqual([0, 0, 0, 'full'])
    expect(queue.messages).toBe(3)
  })

  it('is bounded by bytes, but for one message alone', () => {
    const queue = queueOf({ maxQueueBytes: 10 })
    expect(queue.push(message('x'.repeat(50)), 0)).toBe(0)
    expect(queue.push(message('abc'), 0)).toBe(1)
    expect(queue.push(message('def'), 0)).toBe(0)
    expect(queue.push(message('0123456'), 0)).toBe(2)
    expect(drained(queue)).toEqual(['slow 3', '0123456'])
  })

  it('takes the messages of a recovery on top of the bound, up to the room of their group', () => {
    const queue = queueOf({ maxQueue: 1 })
    for (const n of [1, 2, 3]) queue.push(message(n), 3)
    for (const n of [7, 8]) queue.push(message(n, 'b'), 2)
    expect(queue.push(message(4), 3)).toBe(0)
    expect(queue.push(message(5), 3)).toBe(1)
    expect(queue.messages).toBe(6)
    expect(drained(queue)).toEqual(['slow 1', 2, 3, '7 of b', '8 of b', 4, 5])
  })

  it('does not grow by recoveries that come again and again', () => {
    const queue = queueOf()
    for (let n = 0; n < 1_000; n += 1) queue.push(message(n), 10)
    expect(queue.messages).toBe(13)
    expect(drained(queue)).toHaveLength(14)
  })

  it('keeps its bytes when a long message comes in the place of short recovered ones', () => {
    const queue = queueOf({ maxQueue: 1, maxQueueBytes: 100 })
    for (let n = 0; n < 10; n += 1) queue.push(message('x'), 10)
    queue.push(message('live'), 0)
    expect(queue.push(message('y'.repeat(28)), 0)).toBe(10)
    expect(drained(queue)).toEqual(['slow 10', 'live', 'y'.repeat(28)])
  })

  it('makes one gap of gaps without a message of their group between them', () => {
    const queue = queueOf()
    for (let n = 0; n < 1_000; n += 1) queue.push(gap('broker', null), 0)
    queue.push(gap('history', 2, 'b'), 0)
    queue.push(gap('publisher', 3, 'b'), 0)
    queue.push(message(1), 0)
    queue.push(gap('history', 4), 0)
    expect(drained(queue)).toEqual(['broker null', 'history 5 of b', 1, 'history 4'])
  })

  it('does not grow by gaps and drops that alternate', () => {
    const queue = queueOf({ onSlow: 'dropNewest' })
    for (let n = 0; n < 100; n += 1) {
      queue.push(message(n), 0)
      queue.push(gap('publisher', 1), 0)
    }
    expect(drained(queue)).toEqual([0, 'publisher 1', 1, 'publisher 1', 2, 'publisher 195'])
  })

  it('adds the number of a gap that is dropped, and has none if the gap has none', () => {
    const queue = queueOf({ maxQueue: 1 })
    queue.push(gap('history', 5), 0)
    queue.push(message(1), 0)
    queue.push(message(2), 0)
    expect(drained(queue)).toEqual(['slow 6', 2])
    queue.push(gap('broker', null), 0)
    queue.push(message(1), 0)
    queue.push(message(2), 0)
    expect(drained(queue)).toEqual(['slow null', 2])
  })

  it('removes the events of a group, and keeps the order of the others', () => {
    const queue = queueOf()
    for (const [value, group] of [[1], [2, 'b'], [3], [4, 'b'], [5]] as const) {
      queue.push(message(value, group), 0)
    }
    queue.push(gap('broker', null), 0)
    queue.remove('a')
    expect(queue.messages).toBe(1)
    expect(drained(queue)).toEqual(['slow 1 of b', '4 of b'])
  })

  it('is empty after clear', () => {
    const queue = queueOf({ maxQueue: 1 })
    for (const n of [1, 2]) queue.push(message(n), 0)
    queue.clear()
    expect(drained(queue)).toEqual([])
    queue.push(message(3), 0)
    expect(drained(queue)).toEqual([3])
  })
})
