// Bytes that wait: any pieces in, any counts out, the same bytes in the same order.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HeldBytes } from '../../../src/server/native/held-bytes.ts'

it('gives back the bytes that it took, in any pieces', () => {
  const step = fc.record({ take: fc.uint8Array({ maxLength: 300 }), drop: fc.nat({ max: 400 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const held = new HeldBytes()
      let expected = Buffer.alloc(0)
      for (const { take, drop } of steps) {
        held.append(take)
        expected = Buffer.concat([expected, take])
        const kept = Math.max(0, expected.length - drop)
        held.keepLast(kept)
        expected = expected.subarray(expected.length - kept)
        expect(held.view.equals(expected)).toBe(true)
      }
    }),
  )
})

it('does not grow with the bytes that have passed', () => {
  const held = new HeldBytes()
  for (let round = 0; round < 5_000; round += 1) {
    held.append(Buffer.alloc(100))
    held.keepLast(50)
  }
  expect(held.view.buffer.byteLength).toBeLessThan(64 * 1024)
})
