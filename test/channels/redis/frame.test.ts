// The bytes of messages in Redis, and the names of groups.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entryOf, frameOf, readEntry, readFrame } from '../../../src/channels/redis/frame.ts'
import { keysOf, tagOf } from '../../../src/channels/redis/keys.ts'
import { slotOf } from '../../../src/channels/redis/slot.ts'

const SEED = 1919
const outgoing = fc.record({
  payload: fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array()),
  lost: fc.oneof(fc.nat(), fc.constant(null)),
})

describe('a frame', () => {
  it('gives the messages back that it was made of', () => {
    fc.assert(
      fc.property(fc.array(outgoing, { minLength: 1, maxLength: 5 }), (messages) => {
        const frame = Buffer.from(frameOf(messages.map(entryOf)))
        const expected = messages.map((message) => ({ ...message, group: 'a', position: null }))
        expect(readFrame('a', frame)).toEqual(expected)
      }),
      { seed: SEED },
    )
  })

  it('numbers the messages of a history from its place', () => {
    const entries = frameOf([
      entryOf({ payload: '1', lost: 0 }),
      entryOf({ payload: '2', lost: 3 }),
    ])
    const frame = Buffer.from(`e-1.7${String(entries)}`)
    expect(readFrame('a', frame)).toEqual([
      { group: 'a', payload: '1', position: { epoch: 'e-1', offset: 7 }, lost: 0 },
      { group: 'a', payload: '2', position: { epoch: 'e-1', offset: 8 }, lost: 3 },
    ])
  })

  it('of any other bytes is null, or has messages, and throws no error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('', '\n', 'e.1\n', '\n3:'), (bytes, start) => {
        const frame = Buffer.concat([Buffer.from(start), bytes])
        const envelopes = readFrame('a', frame)
        expect(envelopes === null || Array.isArray(envelopes)).toBe(true)
      }),
      { seed: SEED },
    )
  })

  it('lets the bytes of the socket go', () => {
    const entry = Buffer.from(entryOf({ payload: Uint8Array.of(1, 2, 3), lost: 0 }))
    const payload = readEntry('a', entry, null)?.payload as Uint8Array
    expect(payload.buffer.byteLength).toBe(3)
  })
})

describe('the names of a group', () => {
  it('have one hash tag, also if the group has braces', () => {
    expect(keysOf('isthmus:', 'a')).toEqual({
      channel: 'isthmus:{a}',
      log: 'isthmus:{a}:log',
      place: 'isthmus:{a}:place',
    })
    expect(keysOf('', '}{%').channel).toBe('{%7D%7B%25}')
    expect(tagOf('{a}')).not.toBe(tagOf('%7Ba%7D'))
  })

  it('have the slot that a Cluster gives them', () => {
    // The examples of the specification, and one of more than one byte for a character.
    expect([slotOf('123456789'), slotOf('foo'), slotOf('')]).toEqual([0x31c3, 12_182, 0])
    expect(slotOf('é')).toBe(slotOf('é'.normalize('NFC')))
  })
})
