// The bytes that wait: any pieces in, any counts out.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Inbox } from '../../../src/server/cgi/inbox.ts'

it('gives back the bytes that it took, and keeps them from their piece', () => {
  const step = fc.record({ piece: fc.uint8Array({ maxLength: 50 }), take: fc.nat({ max: 60 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const inbox = new Inbox()
      let expected = Buffer.alloc(0)
      for (const { piece, take } of steps) {
        const arrived = Buffer.from(piece)
        inbox.push(arrived)
        expected = Buffer.concat([expected, piece])
        expect(inbox.waiting).toBe(expected.length)
        const count = Math.min(take, expected.length)
        if (expected.length > 0) expect(inbox.indexOf(expected[0] as number)).toBe(0)
        expect(inbox.takeOwn(count).equals(expected.subarray(0, count))).toBe(true)
        expected = expected.subarray(count)
        inbox.settle()
        arrived.fill(0)
      }
      expect(inbox.take(inbox.waiting).equals(expected)).toBe(true)
    }),
    { numRuns: 100 },
  )
})
