import { once } from 'node:events'
import fc from 'fast-check'
import * as ws from 'ws'
import { describe, expect, test } from 'vitest'
import { messageFrame, messageHead } from '../../../src/server/websocket/message-frame.ts'
import type { Writable } from 'node:stream'

// The types of the package lack it.
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable }

/** The message that a client of the package `ws` reads from `frame`. */
async function readBack(frame: Buffer): Promise<{ data: Buffer; isBinary: boolean }> {
  const receiver = new Receiver({ isServer: false })
  const received = once(receiver, 'message')
  receiver.write(frame)
  const [data, isBinary] = await received
  return { data: data as Buffer, isBinary: isBinary as boolean }
}

describe('the frame of a message (RFC 6455, 5.2)', () => {
  test.each([0, 1, 125, 126, 127, 255, 256, 65_535])('carries %i bytes', async (size) => {
    const bytes = Buffer.alloc(size, 0xa5)
    const { data, isBinary } = await readBack(messageFrame(bytes))
    expect(isBinary).toBe(true)
    expect(data.equals(bytes)).toBe(true)
  })

  test('has a head of two bytes up to 125 bytes, and of four bytes above', () => {
    expect([...messageFrame(Buffer.alloc(125)).subarray(0, 2)]).toEqual([0x82, 125])
    expect([...messageFrame('é'.repeat(63)).subarray(0, 4)]).toEqual([0x81, 126, 0, 126])
  })

  test('carries each text in UTF-8, and replaces lone surrogates', async () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 300 })
    const lone = fc.constantFrom('\ud800', 'a\udc00b', '😀\ud83d')
    await fc.assert(
      fc.asyncProperty(fc.oneof(texts, lone), async (text) => {
        const { data, isBinary } = await readBack(messageFrame(text))
        expect(isBinary).toBe(false)
        expect(data.toString()).toBe(Buffer.from(text).toString())
      }),
      { seed: 14, numRuns: 60 },
    )
  })

  test('encodes a text for many sockets once', () => {
    const first = messageFrame('news '.repeat(100))
    expect(messageFrame('news '.repeat(100))).toBe(first)
    expect(messageFrame('other').equals(first)).toBe(false)
    expect(messageFrame('news '.repeat(100)).equals(first)).toBe(true)
  })

  test.each([0, 125, 126, 65_535, 65_536, 100_000])('has a head for %i bytes', async (size) => {
    const bytes = Buffer.alloc(size, 0x61)
    const frame = Buffer.concat([messageHead(true, size), bytes])
    const { data, isBinary } = await readBack(frame)
    expect(isBinary).toBe(false)
    expect(data.equals(bytes)).toBe(true)
  })

  test('holds a copy: the app may change its bytes', () => {
    const bytes = Buffer.from('before')
    const frame = messageFrame(bytes)
    bytes.fill('x')
    expect(frame.subarray(2).toString()).toBe('before')
  })
})
