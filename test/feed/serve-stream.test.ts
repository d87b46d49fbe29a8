// feed() as server-sent events, over sockets.

import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { chain, mount, serve } from 'isthmus'
import { feed, memory } from 'isthmus/channels'
import { basicAuth, compress } from 'isthmus/middleware'
import { openEvents } from './event-source.ts'
import type { Server } from 'isthmus'
import type { Channels, FeedOptions } from 'isthmus/channels'
import type { SentEvent } from './event-source.ts'

let server: Server | undefined
let channels: Channels

afterEach(async () => {
  await server?.close({ graceMs: 2000 })
  await channels?.close()
})

describe('a page that listens to a feed', () => {
  it('gets the messages of its groups, each with the positions of all groups as its id', async () => {
    const url = await start(['board', 'news', 'chat'])
    await using page = await openEvents(url)
    expect(page.response.headers.get('content-type')).toBe('text/event-stream')
    expect(page.response.headers.get('cache-control')).toBe('no-cache')
    expect(page.response.headers.get('x-accel-buffering')).toBe('no')
    expect((await take(page, 3)).map(({ data }) => data)).toMatchObject([
      { group: 'board', joined: true, recovered: null, offset: 0 },
      { group: 'news', joined: true, recovered: null, offset: 0 },
      { group: 'chat', joined: true, recovered: null },
    ])

    channels.publish('board', { ticket: 'line\nline' })
    channels.publish('news', 'late')
    channels.publish('chat', 'hi')
    const events = await take(page, 3)
    expect(events.map(({ data }) => data)).toMatchObject([
      { group: 'board', message: { ticket: 'line\nline' }, offset: 1 },
      { group: 'news', message: 'late', offset: 1 },
      { group: 'chat', message: 'hi' },
    ])
    expect(events.map(({ id, type }) => `${type} ${id.replaceAll(/=[\w-]+/g, '')}`)).toEqual([
      'message board.1&news.0',
      'message board.1&news.1',
      'message board.1&news.1',
    ])
  })

  it('gets only the positions of its own groups back: each event would repeat the others', async () => {
    const url = await start(['board'])
    const foreign = Array.from({ length: 100 }, (_, n) => `other${n}=a.1`).join('&')
    await using page = await openEvents(url, { 'last-event-id': foreign })
    await take(page, 1)
    channels.publish('board', 1)
    const [event] = await take(page, 1)
    expect(event?.id).toMatch(/^board=[\w-]+\.1$/)
  })

  it('comes back with its last id, and gets the messages that it has missed, then the word that these are all', async () => {
    const url = await start(['board', 'news'])
    const { id } = await lastOf(url, 2, () => channels.publish('board', 1))
    for (const n of [2, 3]) channels.publish('board', n)
    channels.publish('news', 'late')

    await using page = await openEvents(url, { 'last-event-id': id })
    expect((await take(page, 5)).map(({ data }) => data)).toMatchObject([
      { group: 'board', message: 2 },
      { group: 'board', message: 3 },
      { group: 'board', joined: true, recovered: 2, offset: 3 },
      { group: 'news', message: 'late' },
      { group: 'news', joined: true, recovered: 1, offset: 1 },
    ])
  })

  it('is told the gap if the history is shorter than its absence', async () => {
    const url = await start('board')
    const { id } = await lastOf(url, 1, () => channels.publish('board', 1))
    for (let n = 2; n <= 9; n += 1) channels.publish('board', n)

    await using page = await openEvents(`${url}?since=${encodeURIComponent(id)}`)
    const events = await take(page, 5)
    expect(events[0]?.data).toMatchObject({ group: 'board', gap: 'history', lost: 5, offset: 6 })
    expect(events[4]?.data).toMatchObject({ joined: true, recovered: null, offset: 9 })
  })

  it('gets the history at its first visit if the feed says so', async () => {
    const url = await start('board', { history: true })
    for (const n of [1, 2, 3, 4]) channels.publish('board', n)
    await using page = await openEvents(url)
    expect((await take(page, 4)).map(({ data }) => data)).toMatchObject([
      { message: 2 },
      { message: 3 },
      { message: 4 },
      { joined: true, recovered: 3, offset: 4 },
    ])
  })

  it('gets a heartbeat that has no id and is no message', async () => {
    await using page = await openEvents(await start([], { heartbeatMs: 20 }))
    expect(await take(page, 1)).toEqual([{ id: '', type: 'heartbeat', data: 20 }])
  })

  it('is told a time to come back', async () => {
    const response = await fetch(await start([], { retryMs: 1000 }), {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.timeout(30_000),
    })
    const first = await response.body?.pipeThrough(new TextDecoderStream()).getReader().read()
    const [, retryMs] = /^retry: (\d+)\n\n/.exec(first?.value ?? '') ?? []
    expect(Number(retryMs)).toBeGreaterThanOrEqual(500)
    expect(Number(retryMs)).toBeLessThanOrEqual(1500)
  })

  it('is not held back by compress()', async () => {
    channels = memory()
    server = await serve(chain(compress())(feed('board')), {
      port: 0,
      channels,
      log: null,
      drainIdleMs: 0,
    })
    await using page = await openEvents(server.url, { 'accept-encoding': 'gzip' })
    expect(page.response.headers.get('content-encoding')).toBe('gzip')
    await take(page, 1)
    channels.publish('board', 'at once')
    expect((await take(page, 1))[0]?.data).toMatchObject({ message: 'at once' })
  })

  it('is served in HTTP/1.0 too', async () => {
    const url = await start('board')
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET / HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n')
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    await vi.waitFor(() => expect(text).toContain('"joined":true'), 5000)
    expect(text.toLowerCase()).not.toContain('transfer-encoding')
    channels.publish('board', 'old')
    await vi.waitFor(() => expect(text).toContain('"message":"old"'), 5000)
    socket.destroy()
  })
})

describe('the end of a page', () => {
  it('that leaves ends its subscription', async () => {
    const url = await start('board')
    const page = await openEvents(url)
    await take(page, 1)
    expect(channels.stats().subscriptions).toBe(1)
    await page[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(channels.stats().subscriptions).toBe(0), 5000)
  })

  it('at the shutdown of the server is the end of the response, at once', async () => {
    const url = await start('board')
    await using page = await openEvents(url)
    await take(page, 1)
    const closed = server?.close({ graceMs: 5000 })
    expect(await page.next()).toBeUndefined()
    expect(await closed).toMatchObject({ forced: false })
  })

  it('that is too slow comes after the bound of its queue', async () => {
    const url = await start('board', { maxQueue: 4 })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
    // The buffers of both sockets take the first ones. The test ends at its limit if the bound does not hold.
    while (channels.stats().subscriptions > 0) {
      channels.publish('board', 'x'.repeat(100_000))
      await setImmediate()
    }

    // The page reads again: the response ends as a whole one.
    let tail = ''
    socket.resume()
    socket.on('data', (chunk) => (tail = (tail + String(chunk)).slice(-100)))
    await vi.waitFor(() => expect(tail).toMatch(/\r\n0\r\n\r\n$/), 5000)
    socket.destroy()
  })

  it('that is too slow is a gap with another policy', async () => {
    const url = await start('chat', { maxQueue: 2, onSlow: 'dropOldest' })
    await using page = await openEvents(url)
    await take(page, 1)
    for (let n = 1; n <= 10; n += 1) channels.publish('chat', n)
    const data = (await take(page, 4)).map((event) => event.data)
    expect(data.at(-1)).toMatchObject({ message: 10 })
    expect(data).toContainEqual(expect.objectContaining({ gap: 'slow' }))
  })
})

describe('a request to a feed', () => {
  it('that accepts no event stream is told the use of the place', async () => {
    const response = await get(await start('board'), {})
    expect(response.status).toBe(406)
    expect(await response.text()).toContain('Accept: text/event-stream')
  })

  it('of another method gets 405', async () => {
    const response = await get(await start('board'), { method: 'POST', body: 'x' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
  })

  it('of HEAD gets the head', async () => {
    const headers = { accept: 'text/event-stream' }
    const response = await get(await start('board'), { method: 'HEAD', headers })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(channels.stats().subscriptions).toBe(0)
  })

  it('gets 403 if no groups are chosen for it, and those of its user else', async () => {
    channels = memory()
    const verify = (user: string, password: string): boolean => password === `${user}'s`
    const mine = feed(({ 'isthmus.auth': auth }) => (auth?.user === 'ada' ? 'of:ada' : null))
    const app = mount({ '/': chain(basicAuth({ verify }))(mine) })
    server = await serve(app, { port: 0, channels, log: null, drainIdleMs: 0 })
    const as = (user: string): Record<string, string> => ({
      accept: 'text/event-stream',
      authorization: `Basic ${btoa(`${user}:${user}'s`)}`,
    })
    const denied = await get(server.url, { headers: as('eve') })
    expect(denied.status).toBe(403)
    await denied.text()
    await using page = await openEvents(server.url, as('ada'))
    expect((await take(page, 1))[0]?.data).toMatchObject({ group: 'of:ada', joined: true })
  })
})

async function start(groups: string | string[], options: FeedOptions = {}): Promise<string> {
  channels = memory({ history: { board: { size: 3 }, news: { size: 3 } } })
  server = await serve(feed(groups, options), { port: 0, channels, log: null, drainIdleMs: 0 })
  return server.url
}

function get(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(30_000), ...init })
}

type Page = Awaited<ReturnType<typeof openEvents>>

async function take(page: Page, count: number): Promise<SentEvent[]> {
  const events: SentEvent[] = []
  while (events.length < count) {
    const event = await page.next()
    if (!event) throw new Error(`the response ended after ${JSON.stringify(events)}`)
    events.push(event)
  }
  return events
}

/** Waits until all groups are joined, does `act`, and returns the next event. */
async function lastOf(url: string, groups: number, act: () => void): Promise<SentEvent> {
  await using page = await openEvents(url)
  await take(page, groups)
  act()
  const [event] = await take(page, 1)
  return event as SentEvent
}
