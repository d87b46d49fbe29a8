// Frames that break the protocol: each of them throws, so that the gateway ends their host.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DONE, END, HAS_HEAD, TO_GATEWAY } from '../../../../src/hosting/protocol/frames/frame.ts'
import { fromFrame, partOf, recordOf } from '../../../../src/hosting/protocol/frames/from-frames.ts'
import type { Frame } from '../../../../src/hosting/protocol/frames/frame.ts'

function frame(kind: number, payload: string | Buffer, flags = 0): Frame {
  return { kind, flags, small: 200, id: 1, payload: Buffer.from(payload) }
}

/** The payload of a part: 0 ms, a text block of `textLength` bytes, and `rest`. */
function partPayload(textLength: number, rest: string): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(textLength, 4)
  return Buffer.concat([head, Buffer.from(rest)])
}

const DIRECT = 'isthmus.direct.00000000-0000-4000-8000-000000000000'

/** The payload of a publish. */
function published(group: string, message: string, groupLength = group.length): Buffer {
  const head = Buffer.alloc(6)
  head.writeUInt16BE(groupLength, 4)
  return Buffer.concat([head, Buffer.from(group + message)])
}

describe('a malformed part', () => {
  it.each<[string, Frame, string]>([
    ['without its numbers', frame(TO_GATEWAY.part, 'abc'), 'outside buffer bounds|out of range'],
    ['with a text block beyond its end', frame(TO_GATEWAY.part, partPayload(5, 'abc')), 'longer'],
    [
      'with a name and no value',
      frame(TO_GATEWAY.part, partPayload(4, 'name'), HAS_HEAD),
      'has no value',
    ],
    ['that is over before its end', frame(TO_GATEWAY.part, partPayload(0, ''), DONE), 'is over'],
  ])('%s is refused', (_what, one, message) => {
    expect(() => partOf(one)).toThrow(new RegExp(message))
  })

  it('is none with an empty block, with an end, or without a chunk', () => {
    const { part, tookMs } = partOf(
      frame(TO_GATEWAY.part, partPayload(0, ''), HAS_HEAD | END | DONE),
    )
    expect(part).toMatchObject({ head: { status: 200, headers: [] }, chunk: null, end: true })
    expect(tookMs).toBe(0)
  })
})

describe('a malformed message', () => {
  it.each<[string, Frame]>([
    ['of a kind that is none', frame(99, '')],
    ['of a kind for hosts', frame(2, '')],
    ['want without a number', frame(TO_GATEWAY.want, 'ab')],
    ['done without a time', frame(TO_GATEWAY.done, '')],
    ['done with no number as its time', frame(TO_GATEWAY.done, Buffer.from([0x7f, 0xc0, 0, 0]))],
    ['failure that is no JSON', frame(TO_GATEWAY.failure, '{')],
    ['failure with a text in place of an error', frame(TO_GATEWAY.failure, '"oh"')],
    ['loaded without a way to run', frame(TO_GATEWAY.loaded, '{"error":null}')],
    ['loaded with a list', frame(TO_GATEWAY.loaded, 'null')],
    ['log with a level that is none', frame(TO_GATEWAY.log, '{"level":"loud","fields":{}}')],
    ['worn without its reason', frame(TO_GATEWAY.worn, '{}')],
    ['publish without its numbers', frame(TO_GATEWAY.publish, 'abc')],
    ['publish with a group beyond its end', frame(TO_GATEWAY.publish, published('board', '', 9))],
    ['publish that is no JSON', frame(TO_GATEWAY.publish, published('board', '{'))],
    ['publish without a message', frame(TO_GATEWAY.publish, published('board', ''))],
    ['direct message that is no JSON', frame(TO_GATEWAY.publish, published(DIRECT, '7:{'))],
    ['event without its length', frame(TO_GATEWAY.event, 'ab')],
    [
      'event with a length beyond its end',
      frame(TO_GATEWAY.event, Buffer.from([0, 0, 0, 9, 0x7b])),
    ],
  ])('%s is refused', (_what, one) => {
    expect(() => fromFrame(one)).toThrow(/./)
  })

  it('never does more than throw, with any bytes', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat(255),
        fc.uint8Array({ maxLength: 64 }),
        (kind, flags, bytes) => {
          const one = { ...frame(kind, Buffer.from(bytes)), flags }
          for (const decode of [fromFrame, partOf]) {
            try {
              expect(decode(one)).toBeTypeOf('object')
            } catch (error) {
              expect(error).toBeInstanceOf(Error)
            }
          }
        },
      ),
    )
  })
})

describe('the JSON of a frame', () => {
  it.each(['null', '7', '"text"', 'true'])('cannot be %s', (text) => {
    expect(() => recordOf(Buffer.from(text))).toThrow('a frame has JSON that is no object')
  })
})
