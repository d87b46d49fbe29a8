// Groups of WebSockets over real connections, on both engines.

import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { serve, websocket } from 'isthmus'
import { memory } from 'isthmus/channels'
import { engine } from '../../engine.ts'
import { closeOf, Handover } from './host.ts'
import type { EventApp, SocketJoinOptions } from 'isthmus'
import type { ChannelEvent, Channels } from 'isthmus/channels'
import type { ClientOptions } from 'ws'

const KIB = 1024
const DEADLINE_MS = 30_000

/** A `ws` client that keeps its messages from the first byte on. */
class Page {
  readonly socket: WebSocket
  readonly texts: string[] = []

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false, ...options })
    this.socket.on('error', () => undefined)
    this.socket.on('message', (data: Buffer) => this.texts.push(data.toString()))
  }

  /** Waits for the message after `count` others, and returns all. */
  async until(count: number): Promise<string[]> {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    while (this.texts.length < count) await once(this.socket, 'message', { signal })
    return this.texts
  }

  /** The same, as values: the messages of events, and the texts that are none. */
  async values(count: number): Promise<unknown[]> {
    return (await this.until(count)).map((text) => {
      const event = JSON.parse(text) as { message?: unknown; gap?: string; joined?: true }
      return event.joined ? 'joined' : (event.gap ?? event.message)
    })
  }
}

function forwarding(options: SocketJoinOptions = {}): EventApp {
  return websocket(async (socket) => {
    await socket.join('board', { ...options, forward: true })
    for await (const message of socket) await socket.send(message)
  })
}

/** Publishes long messages until `isDone`. The buffers of a connection and of its two ends are smaller than 64 MiB. */
function flood(channels: Channels, isDone: () => boolean): number {
  const filler = 'x'.repeat(64 * KIB)
  let count = 0
  while (!isDone() && count < 1_000) {
    channels.publish('board', filler)
    count += 1
  }
  return count
}

describe('WebSockets with groups', () => {
  it('get each message once and in order, beside the answers of the app', async () => {
    const channels = memory()
    await using server = await serve(forwarding(), { port: 0, engine, channels })
    const pages = Array.from({ length: 20 }, () => new Page(server.url))
    await Promise.all(pages.map((page) => page.until(1)))
    const numbers = Array.from({ length: 100 }, (_, at) => at)
    for (const number of numbers) channels.publish('board', number)
    pages[0]!.socket.send('"echo"')
    for (const page of pages) expect(await page.values(101)).toEqual(['joined', ...numbers])
    expect((await pages[0]!.until(102)).at(-1)).toBe('"echo"')
  })

  it('read events and messages of the client in one loop', async () => {
    const channels = memory()
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      await socket.send('joined')
      for await (const message of socket) await socket.send(message)
    })
    await using server = await serve(app, { port: 0, engine, channels })
    const page = new Page(server.url)
    await page.until(1)
    channels.publish('board', 1)
    expect((await page.until(2))[1]).toBe('{"group":"board","message":1}')
    page.socket.send('hi')
    expect((await page.until(3))[2]).toBe('hi')
  })

  it('get messages that are compressed', async () => {
    const channels = memory()
    const options = { port: 0, engine, channels, websocket: { deflate: true } }
    await using server = await serve(forwarding(), options)
    const pages = [
      new Page(server.url, { perMessageDeflate: true }),
      new Page(server.url, { perMessageDeflate: true }),
      new Page(server.url),
    ]
    await Promise.all(pages.map((page) => page.until(1)))
    const sent = ['short', 'long '.repeat(2_000), 'short again', 'longer '.repeat(9_000), 'end']
    for (const message of sent) channels.publish('board', message)
    for (const page of pages) expect(await page.values(6)).toEqual(['joined', ...sent])
    expect(pages.map(({ socket }) => socket.extensions !== '')).toEqual([true, true, false])
  })

  it('recover the messages of an absence', async () => {
    const channels = memory({ history: { board: { size: 100 } } })
    const app = websocket(async (socket) => {
      const [epoch, offset] = socket.scope.queryString.split('.')
      const since = epoch ? { epoch, offset: Number(offset) } : null
      await socket.join('board', { forward: true, since })
      await socket.receive()
    })
    await using server = await serve(app, { port: 0, engine, channels })
    const first = new Page(server.url)
    await first.until(1)
    channels.publish('board', 1)
    const { epoch, offset } = JSON.parse((await first.until(2))[1]!) as Record<string, unknown>
    first.socket.terminate()
    channels.publish('board', 2)
    channels.publish('board', 3)
    const second = new Page(`${server.url}?${String(epoch)}.${String(offset)}`)
    expect(await second.values(3)).toEqual([2, 3, 'joined'])
    channels.publish('board', 4)
    expect(await second.values(4)).toEqual([2, 3, 'joined', 4])
  })

  it('close a client that does not read with 1013, and the others get all', async () => {
    const channels = memory()
    await using server = await serve(forwarding(), { port: 0, engine, channels })
    const [slow, quick] = [new Page(server.url), new Page(server.url)]
    await Promise.all([slow.until(1), quick.until(1)])
    slow.socket.pause()
    let published = 0
    // The quick client gets each message before the next one.
    while (channels.stats().subscriptions === 2 && published < 1_000) {
      channels.publish('board', 'x'.repeat(64 * KIB))
      published += 1
      await quick.until(1 + published)
    }
    expect(channels.stats()).toMatchObject({ subscriptions: 1 })
    slow.socket.resume()
    expect(await closeOf(slow.socket)).toEqual([1013, 'slow consumer'])
    channels.publish('board', 'end')
    expect((await quick.values(published + 2)).at(-1)).toBe('end')
  })

  it.each(['dropOldest', 'dropNewest'] as const)(
    'tell a client that reads again its loss with the policy %s',
    async (onSlow) => {
      const channels = memory()
      const app = forwarding({ onSlow, maxQueue: 8 })
      await using server = await serve(app, { port: 0, engine, channels })
      const page = new Page(server.url)
      await page.until(1)
      page.socket.pause()
      const published = flood(channels, () => channels.stats().dropped.slow > 0)
      const lost = channels.stats().dropped.slow
      page.socket.resume()
      // All messages but the lost ones, one gap, and the text of the join.
      const values = await page.values(published - lost + 2)
      expect(values.filter((value) => value === 'slow')).toEqual(['slow'])
      if (onSlow === 'dropNewest') expect(values.at(-1)).toBe('slow')
      expect(lost).toBe(1)
    },
  )

  it('leave their groups when the server shuts down', async () => {
    const channels = memory()
    const ended = new Handover<void>()
    const app = websocket<ChannelEvent>(async (socket) => {
      await socket.join('board')
      await socket.join('news', { forward: true })
      for await (const message of socket) await socket.send(message)
      ended.resolve()
    })
    const server = await serve(app, { port: 0, engine, channels })
    const page = new Page(server.url)
    await page.until(1)
    const closed = closeOf(page.socket)
    await server.close({ graceMs: 1_000 })
    expect((await closed)[0]).toBe(1001)
    await ended.value
    expect(channels.stats()).toMatchObject({ subscriptions: 0, groups: 0 })
  })
})
