import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import zlib from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SharedCompression } from '../../../src/server/websocket/shared-compression.ts'
import { closeOf, handshake, host, readUntil } from './host.ts'
import type { MockInstance } from 'vitest'
import type { ClientOptions, WebSocket } from 'ws'
import type { EventApp, Send } from '../../../src/contract/events.ts'
import type { Coded } from '../../../src/server/websocket/deflate-extension.ts'
import type { Host } from './host.ts'

const KIB = 1024
const DEADLINE_MS = 30_000
const NEWS = 'news for all '.repeat(200)

/** An app whose sockets the test sends to. */
class Room {
  readonly sends: Send[] = []
  readonly app: EventApp = async (_scope, receive, send) => {
    await receive()
    await send({ type: 'websocket.accept' })
    this.sends.push(send)
    for await (const event of receive) if (event.type === 'websocket.disconnect') return
  }

  /** Sends to all, or to the sockets with these numbers. */
  send(text: string, to: Iterable<number> = this.sends.keys()): Promise<unknown> {
    return Promise.all([...to].map((at) => this.sends[at]!({ type: 'websocket.send', text })))
  }
}

/** A `ws` client that keeps its messages from the first byte on. */
class Page {
  readonly socket: WebSocket
  readonly texts: string[] = []

  constructor(server: Host, perMessageDeflate: ClientOptions['perMessageDeflate']) {
    this.socket = server.open({ perMessageDeflate })
    this.socket.on('message', (data: Buffer) => this.texts.push(data.toString()))
  }

  async until(count: number): Promise<string[]> {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    while (this.texts.length < count) await once(this.socket, 'message', { signal })
    return this.texts
  }
}

/** Clients that are open, in the order of the sockets of the app. */
async function pagesOf(
  server: Host,
  offers: Array<ClientOptions['perMessageDeflate']>,
): Promise<Page[]> {
  const pages: Page[] = []
  for (const offer of offers) {
    const page = new Page(server, offer)
    await once(page.socket, 'open', { signal: AbortSignal.timeout(DEADLINE_MS) })
    pages.push(page)
  }
  return pages
}

describe('a text for many WebSockets', () => {
  let deflaters: MockInstance<typeof zlib.createDeflateRaw>

  beforeEach(() => {
    deflaters = vi.spyOn(zlib, 'createDeflateRaw')
  })

  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('is compressed once', async () => {
    const room = new Room()
    await using server = await host(room.app, { deflate: true })
    const pages = await pagesOf(
      server,
      Array.from({ length: 50 }, () => true),
    )
    const sent = [NEWS, NEWS.toUpperCase(), NEWS]
    for (const text of sent) void room.send(text)
    for (const page of pages) expect(await page.until(3)).toEqual(sent)
    // A socket that compresses makes a deflater, and keeps it.
    expect(deflaters).toHaveBeenCalledOnce()
  })

  it('comes after the messages before it, and before the messages after it', async () => {
    const room = new Room()
    await using server = await host(room.app, { deflate: true })
    const pages = await pagesOf(server, [true, true, false, { serverMaxWindowBits: 9 }, true])
    const sent: string[][] = pages.map(() => [])
    const send = (text: string, to = [...pages.keys()]): void => {
      for (const at of to) sent[at]!.push(text)
      void room.send(text, to)
    }
    for (let round = 0; round < 20; round += 1) {
      send(`own ${round} `.repeat(round % 3 === 0 ? 2_000 : 1), [round % 5])
      send(`shared ${round} ${NEWS}`)
      send(`short ${round}`)
      if (round % 4 === 0) await pages[4]!.until(sent[4]!.length)
    }
    for (const [at, page] of pages.entries())
      expect(await page.until(sent[at]!.length)).toEqual(sent[at])
  })

  it('is for a client with a smaller window compressed alone', async () => {
    const room = new Room()
    await using server = await host(room.app, { deflate: true })
    const small = { serverMaxWindowBits: 9 }
    const pages = await pagesOf(server, [true, small, true, small, false])
    const far = Array.from({ length: 2_000 }, (_, at) => (at * at) % 911).join()
    void room.send(far + far)
    for (const page of pages) expect(await page.until(1)).toEqual([far + far])
    expect(deflaters.mock.calls.map(([options]) => options?.windowBits)).toEqual([15, 9, 9])
  })

  it('comes before the close', async () => {
    const room = new Room()
    await using server = await host(room.app, { deflate: true })
    const pages = await pagesOf(server, [true, true, true])
    const closes = Promise.all(pages.map(({ socket }) => closeOf(socket)))
    void room.send(NEWS)
    for (const send of room.sends) void send({ type: 'websocket.close', code: 4000 })
    expect(await closes).toEqual(pages.map(() => [4000, '']))
    expect(pages.map(({ texts }) => texts)).toEqual(pages.map(() => [NEWS]))
  })

  it('reaches the others if the client whose socket compresses it leaves', async () => {
    const room = new Room()
    await using server = await host(room.app, { deflate: true })
    const [first, ...others] = await pagesOf(server, [true, true, true])
    const left = closeOf(first!.socket)
    first!.socket.terminate()
    const long = NEWS.repeat(300)
    room.send(long).catch(() => undefined)
    await left
    for (const page of others) expect(await page.until(1)).toEqual([long])
  })

  it('[3b.46] makes send() wait for each client that does not read', async () => {
    const room = new Room()
    await using server = await host(room.app, { deflate: true })
    const [slow, quick] = await pagesOf(server, [true, true])
    slow!.socket.pause()
    const texts: string[] = []
    const sends: Array<Promise<unknown>> = []
    let waiting = 0
    const finish = (): void => void (waiting -= 1)
    // The buffers of a connection and of its two ends are smaller than 64 MiB.
    while (waiting < 16 && texts.length < 1_000) {
      const text = randomBytes(64 * KIB).toString('base64')
      texts.push(text)
      waiting += 1
      sends.push(room.send(text, [0]).then(finish))
      await room.send(text, [1])
      await quick!.until(texts.length)
    }
    expect(waiting).toBe(16)
    slow!.socket.resume()
    await Promise.all(sends)
    expect(await slow!.until(texts.length)).toEqual(texts)
    expect(deflaters).toHaveBeenCalledOnce()
  })

  it('has the bytes of RFC 7692, also for a client that keeps no context', async () => {
    const room = new Room()
    await using server = await host(room.app, { deflate: true })
    const offers = ['permessage-deflate', 'permessage-deflate; client_no_context_takeover']
    const sockets = offers.map((offer) => {
      const socket = server.raw()
      socket.write(handshake({ 'Sec-WebSocket-Extensions': offer }))
      return socket
    })
    await Promise.all(sockets.map((socket) => readUntil(socket, '\r\n\r\n')))
    const both = Promise.all(sockets.map((socket) => readUntil(socket, 'end')))
    void room.send(NEWS).then(() => room.send('end'))
    const [one, two] = (await both).map((bytes) => Buffer.from(bytes, 'latin1'))
    expect(one).toEqual(two)
    // A final frame of text, compressed, with less than 126 bytes.
    expect(one![0]).toBe(0xc1)
    const payload = Buffer.concat([one!.subarray(2, 2 + one![1]!), Buffer.from([0, 0, 255, 255])])
    const finishFlush = zlib.constants.Z_SYNC_FLUSH
    expect(zlib.inflateRawSync(payload, { finishFlush }).toString()).toBe(NEWS)
    expect(one!.subarray(2 + one![1]!).toString('latin1')).toBe('\x81\x03end')
  })
})

/** The part of a WebSocket that compresses; the test answers its calls. */
class FakeDeflater {
  readonly calls: Array<{ data: Buffer | string; done: Coded }> = []
  readonly results: Array<[Error | null, Buffer?]> = []
  readonly params: Record<string, unknown>

  constructor(shared: SharedCompression, params: object = { server_no_context_takeover: true }) {
    this.params = { ...params }
    const socket = { _receiver: { _extensions: { 'permessage-deflate': this } } }
    shared.join(socket as unknown as WebSocket)
  }

  compress(data: Buffer | string, _fin: boolean, done: Coded): void {
    this.calls.push({ data, done })
  }

  ask(data: Buffer | string, fin = true): void {
    this.compress(data, fin, (...result) => this.results.push(result))
  }
}

async function nextTick(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve))
}

describe('SharedCompression', () => {
  const bytes = Buffer.from('compressed')

  it('gives the bytes to all that wait, and to all that come later', async () => {
    const shared = new SharedCompression()
    const [one, two, late] = [1, 2, 3].map(() => new FakeDeflater(shared))
    one!.ask('text')
    two!.ask('text')
    expect(two!.results).toEqual([])
    one!.calls[0]!.done(null, bytes)
    late!.ask('text')
    // A caller that is called at once would call again for the next message of its queue.
    expect(late!.results).toEqual([])
    await nextTick()
    for (const each of [one!, two!, late!]) expect(each.results).toEqual([[null, bytes]])
    expect([one!, two!, late!].map(({ calls }) => calls.length)).toEqual([1, 0, 0])
  })

  it('lets the next socket compress if the first one fails', async () => {
    const shared = new SharedCompression()
    const [one, two, three] = [1, 2, 3].map(() => new FakeDeflater(shared))
    for (const each of [one!, two!, three!]) each.ask('text')
    const gone = new Error('closed')
    one!.calls[0]!.done(gone)
    two!.calls[0]!.done(null, bytes)
    await nextTick()
    expect(one!.results).toEqual([[gone, undefined]])
    for (const each of [two!, three!]) expect(each.results).toEqual([[null, bytes]])
    expect(three!.calls).toEqual([])
  })

  it('keeps the last text only, and those that wait for an earlier one get theirs', async () => {
    const shared = new SharedCompression()
    const [one, two] = [1, 2].map(() => new FakeDeflater(shared))
    one!.ask('text')
    two!.ask('text')
    one!.ask('next')
    one!.calls[1]!.done(null, Buffer.from('later'))
    one!.calls[0]!.done(null, bytes)
    await nextTick()
    expect(two!.results).toEqual([[null, bytes]])
    two!.ask('text')
    expect(two!.calls).toHaveLength(1)
  })

  it.each([
    ['bytes, which the app may change', Buffer.from('text'), true],
    ['fragments', 'text', false],
    ['texts above its bound', 'x'.repeat(KIB * KIB + 1), true],
  ])('leaves %s to each socket', (_name, data, fin) => {
    const shared = new SharedCompression()
    const [one, two] = [1, 2].map(() => new FakeDeflater(shared))
    one!.ask(data, fin)
    two!.ask(data, fin)
    expect(two!.calls).toHaveLength(1)
  })

  it.each([{}, { server_no_context_takeover: true, server_max_window_bits: 14 }])(
    'leaves a socket with the parameters %j alone',
    (params) => {
      const shared = new SharedCompression()
      const [one, two] = [1, 2].map(() => new FakeDeflater(shared, params))
      one!.ask('text')
      two!.ask('text')
      expect(two!.calls).toHaveLength(1)
    },
  )

  it('does nothing for a socket without the extension', () => {
    expect(() => new SharedCompression().join({} as WebSocket)).not.toThrow()
  })
})
