// 10,000 requests through a shadow: five planted differences, three noisy fields.

import { describe, expect, it } from 'vitest'
import { PLANTED } from './shop.ts'
import { tenThousand } from './ten-thousand.ts'

const NOISY = ['body /at', 'body /requestId', 'body /tags']

describe('10,000 requests', () => {
  it('with a baseline: all five planted differences are found, and nothing else', async () => {
    const { shadow, stood } = await tenThousand(true)
    expect(stood).toEqual(PLANTED)
    expect(shadow).toMatchObject({ compared: 10_000, failed: 0, skipped: {} })
    const parts = shadow.last.flatMap(({ differences }) => differences.map(({ part }) => part))
    expect(parts.filter((part) => NOISY.includes(part))).toEqual([])
    expect(shadow.matches + shadow.mismatches).toBe(10_000)
    expect(shadow.noise).toBeGreaterThan(10_000)
  }, 60_000)

  it('without a baseline: the noise is reported too', async () => {
    const { shadow, stood } = await tenThousand(false, 1_000)
    expect(stood).toEqual(expect.arrayContaining(NOISY.map((part) => `GET /orders/#: ${part}`)))
    expect([shadow.noise, shadow.compared]).toEqual([0, 1_000])
  }, 60_000)
})
