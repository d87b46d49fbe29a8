// The parts of a subscription that do not depend on the broker.

import { describe, expect, it } from 'vitest'
import { memory } from 'isthmus/channels'
import type { Channels, ChannelsOptions } from 'isthmus/channels'
import type { Log } from 'isthmus'

/** The errors that the log of the channels gets. */
function faulty(options: ChannelsOptions = {}): { channels: Channels; errors: string[] } {
  const errors: string[] = []
  const ignore = (): void => undefined
  const error = (fields: unknown): void => {
    errors.push((fields as { err: Error }).err.message)
  }
  const log: Log = { debug: ignore, info: ignore, warn: ignore, error }
  return { channels: memory({ log, ...options }), errors }
}

describe('an error of onEvent', () => {
  it('goes to the log', async () => {
    const { channels, errors } = faulty()
    const onEvent = (): void => {
      throw new Error('sync')
    }
    await channels.subscribe({ onEvent }).join('a')
    expect(channels.publish('a', 1)).toBe(true)
    expect(errors).toEqual(['sync'])
  })

  it('goes to the log too if the function is asynchronous', async () => {
    const { channels, errors } = faulty()
    const onEvent = (): unknown => Promise.reject(new Error('async'))
    await channels.subscribe({ onEvent }).join('a')
    channels.publish('a', 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors).toEqual(['async'])
  })
})

describe('a consumer that changes the group while an event is told', () => {
  it('spares a consumer that it makes leave', async () => {
    const channels = memory()
    const seen: string[] = []
    const second = channels.subscribe({ onEvent: () => seen.push('second') })
    const first = channels.subscribe({
      onEvent: () => {
        seen.push('first')
        second.leave('a')
      },
    })
    await first.join('a')
    await second.join('a')
    channels.publish('a', 1)
    expect(seen).toEqual(['first'])
  })

  it.each([{}, { history: { a: { size: 10 } } }])(
    'gets no event twice if it leaves and returns each time: %j',
    async (options) => {
      const channels = memory(options)
      const seen: unknown[] = []
      const consumer = channels.subscribe({
        onEvent: (event) => {
          seen.push(event.type === 'message' && event.message)
          consumer.leave('a')
          void consumer.join('a')
        },
      })
      await consumer.join('a')
      channels.publish('a', 1)
      channels.publish('a', 2)
      expect(seen).toEqual([1, 2])
    },
  )

  it('gives no event to a consumer that joins because of the event', async () => {
    const channels = memory()
    const seen: unknown[] = []
    const late = channels.subscribe({
      onEvent: (event) => seen.push(event.type === 'message' && event.message),
    })
    const first = channels.subscribe({
      onEvent: () => late.groups.length === 0 && void late.join('a'),
    })
    await first.join('a')
    channels.publish('a', 1)
    channels.publish('a', 2)
    channels.publish('a', 3)
    expect(seen).not.toContain(1)
    expect(seen.at(-1)).toBe(3)
  })

  it('may close the channels', async () => {
    const channels = memory()
    const seen: string[] = []
    const first = channels.subscribe({
      onEvent: () => {
        seen.push('first')
        void channels.close()
      },
    })
    const second = channels.subscribe({ onEvent: () => seen.push('second') })
    await first.join('a')
    await second.join('a')
    channels.publish('a', 1)
    expect(seen).toEqual(['first'])
    expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
  })
})

describe('the messages of a recovery', () => {
  it('are one object for all consumers that read the same past', async () => {
    const channels = memory({ history: { a: { size: 10 } } })
    channels.publish('a', { n: 1 })
    const events: unknown[] = []
    for (let index = 0; index < 2; index += 1) {
      const consumer = channels.subscribe({ onEvent: (event) => events.push(event) })
      await consumer.join('a', { since: { epoch: '', offset: 0 } })
    }
    expect(events).toHaveLength(2)
    expect(events[0]).toBe(events[1])
  })
})
