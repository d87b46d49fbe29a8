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
  head: fc.record({
    status: fc.nat(999),
    headers: fc.array(fc.tuple(latin1, latin1), { maxLength: 5 }),
  }),
  chunk,
})
const step = fc.oneof(
  { weight: 3, arbitrary: answer },
  { weight: 2, arbitrary: fc.constant('take' as const) },
)

describe('the ring of answers', () => {
  it('returns the answers in the order in which they were written, also after its end was reached many times', () => {
    const property = fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      const thread = new AnswerRing()
      const pool = new AnswerRing(thread.memory)
      const expected: Answer[] = []
      const takes = (): void => expect(readable(pool.take())).toEqual(readable(expected.shift()))
      for (const next of steps) {
        if (next === 'take') takes()
        else if (thread.put(next)) expected.push(next)
      }
      while (expected.length > 0) takes()
      expect(pool.take()).toBeUndefined()
    })
    fc.assert(property, { seed: 11, numRuns: 200 })
  })

  it('goes round and round', () => {
    const ring = new AnswerRing()
    for (let id = 0; id < 2_000; id += 1) {
      expect(ring.put(hello(id, 'x'.repeat(id * 7)))).toBe(id * 7 < 16_300)
      expect(ring.take()?.id).toBe(id * 7 < 16_300 ? id : undefined)
    }
  })

  it('refuses an answer without room for it, and has room again after one was taken', () => {
    const ring = new AnswerRing()
    let count = 0
    while (ring.put(hello(count, 'x'.repeat(8_000)))) count += 1
    expect(count).toBeGreaterThan(30)
    expect(ring.take()?.id).toBe(0)
    expect(ring.put(hello(count, 'x'.repeat(8_000)))).toBe(true)
    for (let id = 1; id <= count; id += 1) expect(ring.take()?.id).toBe(id)
  })

  it('refuses a part without a head: it is not a whole response', () => {
    expect(new AnswerRing().put({ id: 1, tookMs: 0, head: null, chunk: 'x' })).toBe(false)
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
  }
}

// A string that is not ASCII comes out as its bytes.
function readable(found: Answer | undefined): unknown {
  return found && { ...found, chunk: found.chunk && Buffer.from(found.chunk).toString('hex') }
}
