// The bytes of an app: it may change them as soon as send() resolves, however slowly the client reads.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answer, httpApp, served } from './served.ts'
import type { EventApp, Send } from 'isthmus'
import type { RawClient } from './raw-client.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const KIB = 1024

// Around the limits of the engines: 16 KiB and 64 KiB wait for the client, and 5 MiB is more than a socket takes.
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 16 * KIB - 300, max: 16 * KIB + 300 }),
  fc.integer({ min: 64 * KIB - 300, max: 64 * KIB + 300 }),
  fc.integer({ min: 1, max: 300 * KIB }),
)

/** `size` bytes that differ from those at other indexes and of other seeds. */
function pattern(size: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 31 + (at >> 8) * 7 + seed * 13) & 0x7f
  return bytes
}

/** Sends `size` bytes of its buffer, and overwrites the buffer at once when the promise resolves. */
async function sendAndScribble(send: Send, body: Buffer, moreBody: boolean): Promise<void> {
  await send({ type: 'http.response.body', body, moreBody })
  body.fill(0xee)
}

/** An app that sends `chunks` of these sizes from one buffer, which it uses again for each. */
function scribbler(chunks: number[], endsWithBytes: boolean, isSized: boolean): EventApp {
  return httpApp(async (_scope, _receive, send) => {
    const shared = Buffer.alloc(Math.max(...chunks))
    const total = chunks.reduce((sum, size) => sum + size, 0)
    await send({
      type: 'http.response.start',
      status: 200,
      headers: isSized ? [['content-length', String(total)]] : [],
    })
    for (const [index, size] of chunks.entries()) {
      pattern(size, index).copy(shared)
      const isLast = index === chunks.length - 1
      await sendAndScribble(send, shared.subarray(0, size), !(isLast && endsWithBytes))
    }
    if (!endsWithBytes) await send({ type: 'http.response.body' })
  })
}

/** Stops reading for a moment, so that the server has bytes that the socket does not take. */
async function rest(client: RawClient): Promise<void> {
  client.socket.pause()
  await new Promise((resolve) => setTimeout(resolve, 30))
  client.socket.resume()
}

describe('the bytes of an app', () => {
  it(
    'are free when send() resolves, with any sizes and a slow client',
    { timeout: 60_000 },
    async () => {
      const chunks = fc.array(sizes, { minLength: 1, maxLength: 40 })
      await fc.assert(
        fc.asyncProperty(
          chunks,
          fc.boolean(),
          fc.boolean(),
          async (list, endsWithBytes, isSized) => {
            await using server = await served(scribbler(list, endsWithBytes, isSized))
            using client = await server.connect()
            client.send(GET.repeat(3))
            await rest(client)
            const expected = Buffer.concat(list.map((size, index) => pattern(size, index)))
            for (let count = 0; count < 3; count += 1) {
              const { body } = await client.response()
              expect(Buffer.compare(Buffer.from(body, 'latin1'), expected)).toBe(0)
            }
          },
        ),
        { seed: 20_261_128, numRuns: 25 },
      )
    },
  )

  it('are free when the last part of a large response was sent', async () => {
    const size = 5 * KIB * KIB
    const expected = pattern(size, 1)
    const app = httpApp(async (_scope, _receive, send) => {
      const body = Buffer.from(expected)
      await answer(send, body)
      body.fill(0xee)
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    await rest(client)
    const { body } = await client.response()
    expect(Buffer.compare(Buffer.from(body, 'latin1'), expected)).toBe(0)
  })

  it('are free also if a small part finds a full socket', async () => {
    const small = 4 * KIB
    const parts = 2_000
    const app = httpApp(async (_scope, _receive, send) => {
      const body = Buffer.alloc(small)
      await send({ type: 'http.response.start', status: 200, headers: [] })
      for (let part = 0; part < parts; part += 1) {
        body.fill(part & 0x7f)
        await sendAndScribble(send, body, part < parts - 1)
      }
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    await rest(client)
    const bytes = Buffer.from((await client.response()).body, 'latin1')
    expect(bytes.length).toBe(small * parts)
    const wrong = Array.from({ length: parts }, (_, part) => part).filter(
      (part) =>
        bytes[part * small] !== (part & 0x7f) || bytes[part * small + small - 1] !== (part & 0x7f),
    )
    expect(wrong).toEqual([])
  })

  it('stay in order if the app does not wait for send()', async () => {
    const parts = [300_000, 1, 300_000, 3, 20_000].map((size, index) => pattern(size, index))
    const app = httpApp(async (_scope, _receive, send) => {
      await send({ type: 'http.response.start', status: 200, headers: [] })
      for (const body of parts) void send({ type: 'http.response.body', body, moreBody: true })
      await send({ type: 'http.response.body', body: 'end' })
    })
    await using server = await served(app)
    using client = await server.connect()
    client.send(GET)
    const { body } = await client.response()
    const expected = Buffer.concat([...parts, Buffer.from('end')])
    expect(Buffer.compare(Buffer.from(body, 'latin1'), expected)).toBe(0)
  })
})
