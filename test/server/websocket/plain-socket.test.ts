// A socket that ws does not have yet, and the moments at which ws gets it.

import { once } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { websocket } from '../../../src/async/websocket-app.ts'
import { Acceptor } from '../../../src/server/websocket/acceptor.ts'
import { closeOf, frame, Handover, handshake, host, nextMessage, readUntil } from './host.ts'

const KIB = 1024

const echo = websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Sends the handshake and `pieces`, each in a write of its own, and returns the frames up to `mark`. */
async function framesOf(pieces: Buffer[], mark: string, app = echo): Promise<string> {
  await using server = await host(app)
  const socket = server.raw().setNoDelay()
  socket.write(handshake())
  await once(socket, 'data', { signal: AbortSignal.timeout(30_000) })
  const frames = readUntil(socket, mark)
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return await frames
}

describe('a plain WebSocket', () => {
  it('answers short messages and pings, and sends long messages, without ws', async () => {
    const adopt = vi.spyOn(Acceptor.prototype, 'adopt')
    const long = 'x'.repeat(20 * KIB)
    let adopted = -1
    const app = websocket(async (socket) => {
      for await (const message of socket) {
        adopted = adopt.mock.calls.length
        await socket.send(message === 'long' ? long : message)
      }
    })
    const pieces = [frame(1, 'one'), frame(9, 'marco'), frame(10, ''), frame(1, 'long')]
    const frames = await framesOf([...pieces, frame(1, 'end')], 'end', app)
    // A ping is answered at once, and a message by the app.
    expect(frames).toContain('\x8a\x05marco')
    const messages = frames.replace('\x8a\x05marco', '')
    expect(messages).toBe(`\x81\x03one\x81\x7e\x50\x00${long}\x81\x03end`)
    // The close at the end of the test is the first task of ws.
    expect(adopted).toBe(0)
  })

  it('reads a frame that arrives byte by byte', async () => {
    const bytes = Buffer.concat([frame(1, 'first'), frame(1, 'second')])
    const pieces = Array.from(bytes, (byte) => Buffer.from([byte]))
    expect(await framesOf(pieces, 'second')).toBe('\x81\x05first\x81\x06second')
  })

  it.each<[what: string, middle: Buffer[]]>([
    ['a fragmented message', [frame(1, 'a', false), frame(0, 'b')]],
    ['a ping between fragments', [frame(1, 'a', false), frame(9, 'p'), frame(0, 'b')]],
  ])('keeps the order around %s', async (_what, middle) => {
    const adopt = vi.spyOn(Acceptor.prototype, 'adopt')
    const all = [frame(1, 'one'), ...middle, frame(1, 'two')]
    const withoutPong = (frames: string): string => frames.replace('\x8a\x01p', '')
    const expected = `\x81\x03one\x81\x02ab\x81\x03two`
    expect(withoutPong(await framesOf(all, 'two'))).toBe(expected)
    expect(adopt).toHaveBeenCalledTimes(1)
    expect(withoutPong(await framesOf([Buffer.concat(all)], 'two'))).toBe(expected)
  })

  it('keeps the order of short and long messages in both directions', async () => {
    await using server = await host(echo)
    const client = server.open()
    await once(client, 'open', { signal: AbortSignal.timeout(30_000) })
    const sizes = [1, 70 * KIB, 10, 17 * KIB, 200, 16 * KIB, 3]
    const seen: number[] = []
    const done = new Handover<void>()
    client.on('message', (data: Buffer) => {
      if (seen.push(data.length) === sizes.length) done.resolve()
    })
    for (const size of sizes) client.send('x'.repeat(size))
    await done.value
    expect(seen).toEqual(sizes)
  })

  it('answers the messages that arrive together in one write, in order', async () => {
    await using server = await host(echo)
    const socket = server.raw()
    socket.write(handshake())
    await once(socket, 'data', { signal: AbortSignal.timeout(30_000) })
    const texts = Array.from({ length: 50 }, (_, at) => `message ${at} of fifty`)
    socket.write(Buffer.concat(texts.map((text) => frame(1, text))))
    const frames = await readUntil(socket, texts.at(-1))
    expect(frames.split(/\x81./s).slice(1)).toEqual(texts)
  })

  it('sends an answer that is ready while the handler of the next message computes', async () => {
    const app = websocket(async (socket) => {
      for await (const message of socket) {
        const until = performance.now() + 5
        while (performance.now() < until);
        await socket.send(`${String(message)} ${socket.scope.path}`)
      }
    })
    const frames = await framesOf([Buffer.concat([frame(1, 'a'), frame(1, 'b')])], 'b /', app)
    expect(frames).toBe('\x81\x03a /\x81\x03b /')
  })

  it('is closed by the app, and completes the closing handshake', async () => {
    const app = websocket(async (socket) => {
      await socket.send(String(await socket.receive()))
      await socket.close(4000, 'enough')
    })
    await using server = await host(app)
    const client = server.open()
    client.once('open', () => client.send('hello'))
    expect(await nextMessage(client)).toBe('hello')
    expect(await closeOf(client)).toEqual([4000, 'enough'])
  })

  it('delivers the messages before the end of the client’s side, and 1006 for an end without a close', async () => {
    const seen = new Handover<unknown[]>()
    await using server = await host(async (_scope, receive, send) => {
      await receive()
      await send({ type: 'websocket.accept' })
      const events: unknown[] = []
      for await (const event of receive) events.push(event)
      seen.resolve(events)
    })
    const socket = server.raw()
    socket.end(Buffer.concat([Buffer.from(handshake()), frame(1, 'last')]))
    socket.resume()
    const events = await seen.value
    expect(events.at(-1)).toEqual({ type: 'websocket.disconnect', code: 1006, reason: '' })
  })

  it('keeps bytes as they were when later ones arrive', async () => {
    const kept: Uint8Array[] = []
    const app = websocket(async (socket) => {
      for await (const message of socket) {
        if (typeof message !== 'string') kept.push(message)
        else await socket.send(message)
      }
    })
    const bytes = Array.from({ length: 20 }, (_, at) => Buffer.alloc(100, at))
    await framesOf([...bytes.map((one) => frame(2, one)), frame(1, 'end')], 'end', app)
    expect(kept.map((one) => [one[0], one[99], one.length])).toEqual(
      bytes.map((one) => [one[0], one[99], 100]),
    )
  })
})
