import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerRing } from '../../../src/hosting/protocol/answer-ring.ts'

type Answer = Parameters<AnswerRing['put']>[0]

const latin1 = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
})
const size = fc.oneof(fc.nat(40), fc.nat(20_000))
const chunk = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'grapheme' }),
  size.map((length) => 'a'.repeat(length)),
  size.map((length) => 'ü'.repeat(length)),
  size.map((length) => new Uint8Array(length).fill(7)),
)
const answer: fc.Arbitrary<Answer> = fc.record({
  id: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  tookMs: fc.double({ noNaN: true }),
  head: fc.option(
    fc.record({
      status: fc.nat(999),
      headers: fc.array(fc.tuple(latin1, latin1), { maxLength: 5 }),
    }),
  ),
  chunk,
  end: fc.boolean(),
})
const step = fc.oneof(
  { weight: 3, arbitrary: answer },
  { weight: 2, arbitrary: fc.constant('take' as const) },
)

function put(ring: AnswerRing, part: Answer, batches = 0): boolean {
  return ring.put(part, batches)
}

function take(ring: AnswerRing, batches = 0): Answer | undefined {
  return ring.take(ring.written, batches)
}

describe('the ring of answers', () => {
  it('returns the answers in the order in which they were written, also after its end was reached many times', () => {
    const property = fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      const thread = new AnswerRing()
      const pool = new AnswerRing(thread.memory)
      const expected: Answer[] = []
      const takes = (): void => expect(readable(take(pool))).toEqual(readable(expected.shift()))
      for (const next of steps) {
        if (next === 'take') takes()
        else if (put(thread, next)) expected.push(next)
      }
      while (expected.length > 0) takes()
      expect(take(pool)).toBeUndefined()
    })
    fc.assert(property, { seed: 11, numRuns: 200 })
  })

  it('goes round and round', () => {
    const ring = new AnswerRing()
    for (let id = 0; id < 2_000; id += 1) {
      expect(put(ring, hello(id, 'x'.repeat(id * 7)))).toBe(id * 7 < 16_300)
      expect(take(ring)?.id).toBe(id * 7 < 16_300 ? id : undefined)
    }
  })

  it('refuses an answer without room for it, and has room again after one was taken', () => {
    const ring = new AnswerRing()
    let count = 0
    while (put(ring, hello(count, 'x'.repeat(8_000)))) count += 1
    expect(count).toBeGreaterThan(30)
    expect(take(ring)?.id).toBe(0)
    expect(put(ring, hello(count, 'x'.repeat(8_000)))).toBe(true)
    for (let id = 1; id <= count; id += 1) expect(take(ring)?.id).toBe(id)
  })

  it('keeps a part that comes after a batch of messages until the batch has arrived', () => {
    const ring = new AnswerRing()
    expect(put(ring, hello(1, 'before'), 0)).toBe(true)
    expect(put(ring, hello(2, 'after'), 1)).toBe(true)
    expect(take(ring, 0)?.id).toBe(1)
    expect(take(ring, 0)).toBeUndefined()
    expect(take(ring, 1)?.id).toBe(2)
  })

  it('keeps its position at a batch that was sent just before the end of the memory', () => {
    const ring = new AnswerRing()
    for (let id = 0; id < 500; id += 1) {
      const sentAt = ring.written
      expect(put(ring, hello(id, 'x'.repeat(5_000)), id + 1)).toBe(true)
      expect(take(ring, id)).toBeUndefined()
      expect(ring.take(sentAt, id)).toBeUndefined()
      expect(take(ring, id + 1)?.id).toBe(id)
    }
  })

  it('goes on when its positions and the count of batches pass 2³¹ and 2³²', () => {
    for (const start of [2 ** 31 - 1_024, 2 ** 32 - 1_024]) {
      const ring = new AnswerRing()
      new Int32Array(ring.memory).fill(start | 0, 0, 2)
      for (let count = 0; count < 100; count += 1) {
        const batches = (start + 1_000 + count) | 0
        expect(put(ring, hello(count, 'x'.repeat(500)), batches)).toBe(true)
        expect(take(ring, (batches - 1) | 0)).toBeUndefined()
        expect(take(ring, batches)?.id).toBe(count)
      }
    }
  })

  it('refuses memory that has no record, and never reads outside of the ring', () => {
    const word = fc.tuple(fc.nat(40), fc.oneof(fc.integer(), fc.integer({ min: -8, max: 64 })))
    const property = fc.property(fc.array(word, { maxLength: 8 }), fc.integer(), (words, until) => {
      const ring = new AnswerRing()
      put(ring, hello(1, 'one'))
      put(ring, hello(2, 'two'))
      const memory = new Int32Array(ring.memory)
      for (const [at, value] of words) memory[at] = value
      for (let count = 0; count < 20; count += 1) {
        try {
          const part = ring.take(until, 0)
          if (part === undefined) return
          expect(part.chunk?.length ?? 0).toBeLessThanOrEqual(256 * 1024)
        } catch (error) {
          expect(String(error)).toBe('Error: the ring has no record')
          return
        }
      }
    })
    fc.assert(property, { seed: 14, numRuns: 2_000 })
  })

  it('wakes the pool once for all answers until the pool listens', () => {
    const ring = new AnswerRing()
    expect([ring.mustWake(), ring.mustWake()]).toEqual([true, false])
    ring.listen()
    expect([ring.mustWake(), ring.mustWake()]).toEqual([true, false])
  })
})

function hello(id: number, text: string): Answer {
  return {
    id,
    tookMs: 0.1,
    head: { status: 200, headers: [['content-type', 'text/plain']] },
    chunk: text,
    end: true,
  }
}

// A string that is not ASCII comes out as its bytes.
function readable(found: Answer | undefined): unknown {
  return found && { ...found, chunk: found.chunk && Buffer.from(found.chunk).toString('hex') }
}
