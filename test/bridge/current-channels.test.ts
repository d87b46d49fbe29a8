// Channels for code that has neither a scope nor an environ, and for apps on the event loop.

import { events, iterable, mount, sync } from 'isthmus'
import { fromFetch, fromNode } from 'isthmus/adapters'
import { currentChannels, memory } from 'isthmus/channels'
import { testClient } from 'isthmus/testing'
import { describe, expect, it } from 'vitest'
import type { ChannelEvent, Channels } from 'isthmus/channels'

const page = sync((environ, startResponse) => {
  environ['isthmus.channels']?.publish('board', 'sync')
  startResponse('200 OK', [])
  return []
})

const app = mount({
  '/sync': page,
  '/iterable': iterable(async function* (environ, startResponse) {
    environ['isthmus.channels']?.publish('board', 'iterable')
    startResponse('200 OK', [])
    yield ''
  }),
  '/node': fromNode((_req, res) => {
    currentChannels()?.publish('board', 'node')
    res.end()
  }),
  '/fetch': fromFetch((_request, { scope }) => {
    scope['isthmus.channels']?.publish('board', 'fetch')
    return new Response()
  }),
  '/events': events(async (scope, receive, send) => {
    if (scope.type === 'lifespan') {
      await receive()
      scope['isthmus.channels']?.publish('board', 'lifespan')
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      scope.state['wasCurrent'] = currentChannels() === scope['isthmus.channels']
      return send({ type: 'lifespan.shutdown.complete' })
    }
    scope['isthmus.channels']?.publish('board', 'events')
    await send({ type: 'http.response.start', status: 200 } as never)
    await send({ type: 'http.response.body' } as never)
  }),
})

describe('apps on the event loop', () => {
  it('publish by each of their interfaces, and in the lifespan of a mounted app', async () => {
    const channels = memory()
    const seen: unknown[] = []
    const onEvent = (event: ChannelEvent): unknown =>
      seen.push(event.type === 'message' && event.message)
    await channels.subscribe({ onEvent }).join('board')
    await using client = await testClient(app, { channels })
    for (const path of ['/sync', '/iterable', '/node', '/fetch', '/events']) await client.get(path)
    expect(seen).toEqual(['lifespan', 'sync', 'iterable', 'node', 'fetch', 'events'])
  })
})

describe('currentChannels()', () => {
  it('are those of the server from its startup to its shutdown', async () => {
    expect(currentChannels()).toBeUndefined()
    const channels = memory()
    const client = await testClient(page, { channels })
    expect(currentChannels()).toBe(channels)
    await client.close()
    expect(currentChannels()).toBeUndefined()
  })

  it('are those that a server without the option has made', async () => {
    let own: Channels | undefined
    const noting = events(async (scope, receive, send) => {
      if (scope.type !== 'lifespan') return
      own = scope['isthmus.channels']
      await receive()
      await send({ type: 'lifespan.startup.complete' })
      await receive()
      await send({ type: 'lifespan.shutdown.complete' })
    })
    await using _client = await testClient(noting)
    expect(own).toBeDefined()
    expect(currentChannels()).toBe(own)
  })

  it('are shared by servers with the same object, and an error with different ones', async () => {
    const channels = memory()
    await using _one = await testClient(page, { channels })
    const two = await testClient(page, { channels })
    expect(currentChannels()).toBe(channels)
    await two.close()
    expect(currentChannels()).toBe(channels)
    await using _three = await testClient(page, { channels: memory() })
    expect(currentChannels).toThrow('give both the same object')
  })

  it('are gone after a startup that fails', async () => {
    const failing = events(async (scope, receive, send) => {
      if (scope.type !== 'lifespan') return
      await receive()
      await send({ type: 'lifespan.startup.failed', message: 'no' })
    })
    await expect(testClient(failing)).rejects.toThrow('no')
    expect(currentChannels()).toBeUndefined()
  })
})
