import { describe, expect, it } from 'vitest'
import { cloneable } from '../../../src/hosting/protocol/cloneable.ts'

describe('the values that can cross', () => {
  it('are copied deeply; the keys of the others are listed', () => {
    const seat = { row: 7 }
    const { data, rest } = cloneable({
      seat,
      none: null,
      count: 1n,
      desk: () => 1,
      key: Symbol('k'),
    })
    expect(data).toEqual({ seat: { row: 7 }, none: null, count: 1n })
    expect(data['seat']).not.toBe(seat)
    expect(rest).toEqual(['desk', 'key'])
  })
})
