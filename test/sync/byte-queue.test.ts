import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteQueue } from '../../src/sync/byte-queue.ts'

describe('a byte queue', () => {
  it('returns the pushed bytes in their order, in takes of any size', () => {
    const property = fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 })),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (chunks, sizes) => {
        const queue = new ByteQueue()
        for (const chunk of chunks) queue.push(chunk)
        expect(queue.length).toBe(Buffer.concat(chunks).length)

        const taken: Uint8Array[] = []
        for (let turn = 0; queue.length > 0; turn += 1) {
          const size = sizes[turn % sizes.length] as number
          const bytes = queue.take(size)
          expect(bytes.length).toBeGreaterThan(0)
          expect(bytes.length).toBeLessThanOrEqual(size)
          taken.push(bytes)
        }
        expect(Buffer.concat(taken)).toEqual(Buffer.concat(chunks))
        expect(queue.take(1)).toEqual(new Uint8Array(0))
      },
    )
    fc.assert(property, { seed: 7 })
  })

  it('copies nothing', () => {
    const queue = new ByteQueue()
    const chunk = new Uint8Array(10)
    queue.push(chunk)
    expect(queue.take(4).buffer).toBe(chunk.buffer)
    expect(queue.take(100).buffer).toBe(chunk.buffer)
  })
})
