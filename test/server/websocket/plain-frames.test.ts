import { once } from 'node:events'
import fc from 'fast-check'
import * as ws from 'ws'
import { describe, expect, it } from 'vitest'
import { readPlainFrames } from '../../../src/server/websocket/plain-frames.ts'
import type { Writable } from 'node:stream'

// The types of the package lack them.
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: object) => Writable
  Sender: { frame(data: Buffer, options: object): Buffer[] }
}

const MAX_PLAIN_BYTES = 16 * 1024

type Seen = [kind: string, payload: string]

/** A masked frame, as a client of `ws` makes it. */
function frameOf(opcode: number, payload: Uint8Array, fin = true): Buffer {
  const options = { fin, opcode, mask: true, readOnly: true, rsv1: false }
  return Buffer.concat(Sender.frame(Buffer.from(payload), options))
}

function kindOf(message: string | Uint8Array): Seen {
  return typeof message === 'string'
    ? ['text', message]
    : ['binary', Buffer.from(message).toString('hex')]
}

/** Reads all of `bytes`; `stopAfter` messages the sink says stop. */
function read(bytes: Buffer, { maxBytes = 1 << 20, stopAfter = Infinity } = {}): [Seen[], number] {
  const seen: Seen[] = []
  const at = readPlainFrames(bytes, maxBytes, {
    onMessage: (message) => seen.push(kindOf(message)) < stopAfter,
    onPing: (payload) => seen.push(['ping', payload.toString()]) < stopAfter,
  })
  return [seen, at]
}

const text = (payload: string): Buffer => frameOf(1, Buffer.from(payload))

describe('readPlainFrames', () => {
  it('reads text, bytes and pings, and skips pongs', () => {
    const bytes = Buffer.concat([
      text('grün'),
      frameOf(2, Buffer.from([0, 255])),
      frameOf(9, Buffer.from('marco')),
      frameOf(10, Buffer.from('polo')),
      text(''),
    ])
    const [seen, at] = read(bytes)
    expect(seen).toEqual([
      ['text', 'grün'],
      ['binary', '00ff'],
      ['ping', 'marco'],
      ['text', ''],
    ])
    expect(at).toBe(bytes.length)
  })

  it('waits for the rest of a frame, wherever it is cut', () => {
    for (const size of [5, 126, 300, MAX_PLAIN_BYTES]) {
      const first = text('first')
      const whole = Buffer.concat([first, text('x'.repeat(size))])
      for (let end = first.length; end < whole.length; end += size > 300 ? 997 : 1) {
        expect(read(whole.subarray(0, end))).toEqual([[['text', 'first']], first.length])
      }
    }
  })

  it.each<[what: string, bytes: Buffer, maxBytes?: number]>([
    ['a fragment', frameOf(1, Buffer.from('a'), false)],
    ['a continuation', frameOf(0, Buffer.from('a'))],
    ['a close', frameOf(8, Buffer.from([3, 232]))],
    ['a reserved opcode', frameOf(3, Buffer.from('a'))],
    ['a reserved bit', Buffer.concat([Buffer.from([0xc1]), text('a').subarray(1)])],
    ['a frame without a mask', Buffer.from([0x81, 1, 0x61])],
    ['text that is not UTF-8', frameOf(1, Buffer.from([0x61, 0xff]))],
    ['a long frame', frameOf(2, Buffer.alloc(MAX_PLAIN_BYTES + 1))],
    ['a frame of more than 64 KiB', frameOf(2, Buffer.alloc(70_000))],
    ['a message above the limit', text('12345'), 4],
    ['a ping of more than 125 bytes', frameOf(9, Buffer.alloc(126))],
  ])('leaves %s to ws, with its bytes as they were', (_what, bytes, maxBytes) => {
    const first = text('ok')
    const all = Buffer.concat([first, bytes])
    const copy = Buffer.from(all)
    expect(read(all, maxBytes === undefined ? {} : { maxBytes })).toEqual([
      [['text', 'ok']],
      -1 - first.length,
    ])
    expect(all.equals(copy)).toBe(true)
  })

  it('stops after the message at which the sink says so', () => {
    const bytes = Buffer.concat([text('one'), text('two'), text('three')])
    const [seen, at] = read(bytes, { stopAfter: 2 })
    expect(seen.map(([, payload]) => payload)).toEqual(['one', 'two'])
    expect(bytes.subarray(-1 - at).equals(text('three').subarray())).toBe(false)
    expect(bytes.length - (-1 - at)).toBe(text('three').length)
  })

  it('reads the same messages as ws, in any pieces', async () => {
    const message = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }),
    )
    const pieces = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 })
    const property = fc.asyncProperty(
      fc.array(message, { maxLength: 8 }),
      pieces,
      async (all, cuts) => {
        const bytes = Buffer.concat(
          all.map((one) => frameOf(typeof one === 'string' ? 1 : 2, Buffer.from(one as string))),
        )
        const seen: Seen[] = []
        let held: Buffer = Buffer.alloc(0)
        for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
          const size = cuts[cut % cuts.length] as number
          held = Buffer.concat([held, bytes.subarray(at, at + size)])
          at += size
          const [more, rest] = read(held)
          seen.push(...more)
          held = held.subarray(rest)
        }
        expect(held.length).toBe(0)
        expect(seen).toEqual(await readByWs(bytes))
      },
    )
    await fc.assert(property, { seed: 19, numRuns: 60 })
  })
})

async function readByWs(bytes: Buffer): Promise<Seen[]> {
  const receiver = new Receiver({ isServer: true })
  const seen: Seen[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    seen.push(kindOf(isBinary ? data : data.toString()))
  })
  receiver.end(Buffer.from(bytes))
  await once(receiver, 'finish')
  return seen
}
