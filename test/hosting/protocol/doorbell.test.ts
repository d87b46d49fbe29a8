import { describe, expect, it } from 'vitest'
import { Doorbell } from '../../../src/hosting/protocol/doorbell.ts'

describe('the claims of a thread', () => {
  it('go on when the count passes 2³¹ and 2³²', () => {
    for (const limit of [2 ** 31, 2 ** 32]) {
      const pool = new Doorbell()
      const thread = new Doorbell(pool.memory)
      // The pool looks at each request, so the count never jumps by half of its range.
      for (let count = 0; count < limit - 100; count += 2 ** 30) {
        thread.claim(count)
        expect(pool.turn).toBe(count + 1)
      }
      thread.claim(limit - 101)
      for (let count = limit - 100; count < limit + 200; count += 1) {
        expect(pool.isFull(count)).toBe(false)
        pool.offer(count)
        pool.offer(count + 1)
        expect(pool.takeBack(count + 1)).toBe(true)
        expect(thread.claim(count)).toBe(true)
        expect(pool.turn).toBe(count + 1)
        expect(pool.takeBack(count)).toBe(false)
        expect(pool.isFull(count + 64)).toBe(false)
        expect(pool.isFull(count + 65)).toBe(true)
      }
    }
  })
})
