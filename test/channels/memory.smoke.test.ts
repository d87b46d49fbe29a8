import { describe, expect, it } from 'vitest'
import { memory } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'
import type { ChannelEvent, Channels, Subscription } from 'isthmus/channels'

async function take(subscription: Subscription, count: number): Promise<ChannelEvent[]> {
  const events: ChannelEvent[] = []
  while (events.length < count) {
    const event = await subscription.receive()
    if (event) events.push(event)
  }
  return events
}

describe('memory()', () => {
  it('delivers, recovers and tells gaps', async () => {
    const channels = memory({ history: { board: { size: 3 } } })
    const one = channels.subscribe()
    await one.join('board')
    for (let n = 1; n <= 5; n += 1) channels.publish('board', { n })
    const events = await take(one, 5)
    expect(events.map((event) => event.type === 'message' && event.message)).toEqual(
      [1, 2, 3, 4, 5].map((n) => ({ n })),
    )
    const two = channels.subscribe()
    const third = events[2]!
    expect(await two.join('board', { since: third.position })).toEqual({
      position: events[4]!.position,
      recovered: 2,
    })
    expect((await take(two, 2)).map((event) => event.text)).toEqual(
      events.slice(3).map((event) => event.text),
    )
    const late = channels.subscribe()
    expect(await late.join('board', { since: events[0]!.position })).toMatchObject({
      recovered: null,
    })
    expect(await take(late, 1)).toMatchObject([{ type: 'gap', reason: 'history', lost: 1 }])
    channels.send(one.address, 'hi')
    expect(await take(one, 1)).toMatchObject([{ message: 'hi', group: one.address }])
    expect(channels.stats()).toMatchInlineSnapshot(`
      {
        "connected": true,
        "delivered": 11,
        "dropped": {
          "publisher": 0,
          "slow": 0,
          "unreached": 0,
        },
        "gaps": {
          "broker": 0,
          "epoch": 0,
          "history": 1,
          "publisher": 0,
          "slow": 0,
        },
        "groups": 1,
        "pending": 0,
        "published": 6,
        "subscriptions": 3,
      }
    `)
    await channels.close()
    expect(await one.receive()).toBeUndefined()
  })

  it('reaches apps', async () => {
    let seen: Channels | undefined
    await using client = await testClient((environ, startResponse) => {
      seen = environ['isthmus.channels']
      startResponse('200 OK', [])
      return []
    })
    await client.get('/')
    expect(seen?.publish('a', 1)).toBe(true)
  })
})
