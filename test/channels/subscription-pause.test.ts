import { describe, expect, it } from 'vitest'
import { memory, SlowConsumerError } from 'isthmus/channels'
import type { ChannelEvent, SubscriptionOptions } from 'isthmus/channels'

/** A consumer of the group `board` that notes the texts of its events. */
async function consumer(options: SubscriptionOptions = {}) {
  const channels = memory()
  const seen: unknown[] = []
  const onEvent = (event: ChannelEvent): void => {
    seen.push(event.type === 'message' ? event.message : `${event.reason} ${event.lost}`)
  }
  const subscription = channels.subscribe({ onEvent, ...options })
  await subscription.join('board')
  const publish = (...messages: number[]): void => {
    for (const message of messages) channels.publish('board', message)
  }
  return { channels, subscription, seen, publish }
}

describe('pause() and resume() of a subscription with onEvent', () => {
  it('keeps the events in order until resume', async () => {
    const { subscription, seen, publish } = await consumer()
    publish(1)
    subscription.pause()
    publish(2, 3)
    expect(seen).toEqual([1])
    subscription.resume()
    publish(4)
    expect(seen).toEqual([1, 2, 3, 4])
  })

  it('stops at a pause in the middle of the waiting events', async () => {
    const channels = memory()
    const seen: string[] = []
    const subscription = channels.subscribe({
      onEvent: (event) => {
        seen.push(event.text)
        subscription.pause()
      },
    })
    await subscription.join('board')
    for (const message of [1, 2, 3]) channels.publish('board', message)
    expect(seen).toHaveLength(1)
    subscription.resume()
    expect(seen).toHaveLength(2)
    subscription.resume()
    subscription.resume()
    expect(seen).toHaveLength(3)
  })

  it('keeps the order of messages that onEvent publishes while the waiting ones come', async () => {
    const channels = memory()
    const seen: unknown[] = []
    const subscription = channels.subscribe({
      onEvent: (event) => {
        if (event.type !== 'message') return
        seen.push(event.message)
        if (event.message === 1) channels.publish('board', 3)
      },
    })
    await subscription.join('board')
    subscription.pause()
    for (const message of [1, 2]) channels.publish('board', message)
    subscription.resume()
    expect(seen).toEqual([1, 2, 3])
  })

  it('drops the oldest or the newest above the bound, and tells a gap', async () => {
    const oldest = await consumer({ maxQueue: 2, onSlow: 'dropOldest' })
    oldest.subscription.pause()
    oldest.publish(1, 2, 3)
    oldest.subscription.resume()
    expect(oldest.seen).toEqual(['slow 1', 2, 3])

    const newest = await consumer({ maxQueue: 2, onSlow: 'dropNewest' })
    newest.subscription.pause()
    newest.publish(1, 2, 3)
    newest.subscription.resume()
    newest.publish(4)
    expect(newest.seen).toEqual([1, 2, 'slow 1', 4])
  })

  it('tells by receive() that the policy close has ended the subscription', async () => {
    const { channels, subscription, publish } = await consumer({ maxQueue: 2, onSlow: 'close' })
    subscription.pause()
    const end = subscription.receive()
    publish(1, 2, 3)
    await expect(end).rejects.toBeInstanceOf(SlowConsumerError)
    expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
  })

  it('resolves receive() with undefined at the close, and gives no event to it', async () => {
    const { subscription, seen, publish } = await consumer()
    subscription.pause()
    const end = subscription.receive()
    publish(1)
    subscription.resume()
    subscription.close()
    expect(await end).toBeUndefined()
    expect(seen).toEqual([1])
  })
})
