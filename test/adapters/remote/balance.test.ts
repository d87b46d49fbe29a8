// The choice of a target, as properties.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byHash, leastPending, roundRobin } from '../../../src/adapters/remote/balance.ts'

const candidate = (name: string, pending = 0, share = 1) => ({ name, pending, share })
const ABC = ['a', 'b', 'c'].map((name) => candidate(name))

function counts(names: string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const name of names) found[name] = (found[name] ?? 0) + 1
  return found
}

describe('leastPending()', () => {
  it('takes the one with the fewest requests', () => {
    const choose = leastPending()
    expect(choose([candidate('a', 2), candidate('b', 1), candidate('c', 3)], undefined).name).toBe(
      'b',
    )
  })

  it('lets equal ones take turns', () => {
    const choose = leastPending()
    expect(counts(Array.from({ length: 30 }, () => choose(ABC, undefined).name))).toEqual({
      a: 10,
      b: 10,
      c: 10,
    })
  })

  it('gives one that returns its share', () => {
    const choose = leastPending()
    expect(choose([candidate('a', 3), candidate('b', 0, 0.2)], undefined).name).toBe('a')
    expect(choose([candidate('a', 5), candidate('b', 0, 0.2)], undefined).name).toBe('b')
  })
})

describe('roundRobin()', () => {
  it('takes one after the other', () => {
    const choose = roundRobin()
    const names = Array.from({ length: 6 }, () => choose(ABC, undefined).name)
    expect(names).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('gives each its share, for any shares', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 5 }),
        (shares) => {
          const choose = roundRobin()
          const candidates = shares.map((share, at) => candidate(String(at), 0, share / 10))
          const total = shares.reduce((sum, share) => sum + share, 0)
          const found = counts(
            Array.from({ length: total * 4 }, () => choose(candidates, undefined).name),
          )
          expect(shares.map((_, at) => found[at])).toEqual(shares.map((share) => share * 4))
        },
      ),
    )
  })
})

describe('byHash()', () => {
  it('keeps a key where it is when another candidate goes', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 2 }), (key, gone) => {
        const choose = byHash(leastPending())
        const before = choose(ABC, key).name
        const after = choose(ABC.toSpliced(gone, 1), key).name
        expect(after === before || ABC[gone]!.name === before).toBe(true)
      }),
    )
  })

  it('spreads keys evenly', () => {
    const choose = byHash(leastPending())
    const found = counts(Array.from({ length: 9_000 }, (_, at) => choose(ABC, `10.0.0.${at}`).name))
    for (const name of 'abc') expect(Math.abs(found[name]! - 3_000)).toBeLessThan(200)
  })

  it('gives one that returns its share of the keys', () => {
    const choose = byHash(leastPending())
    const some = [candidate('a'), candidate('b', 0, 0.25)]
    const found = counts(Array.from({ length: 10_000 }, (_, at) => choose(some, `key ${at}`).name))
    expect(Math.abs(found['b']! - 2_000)).toBeLessThan(200)
  })

  it('leaves a request without a key to the other rule', () => {
    expect(byHash(leastPending())([candidate('a', 1), candidate('b')], undefined).name).toBe('b')
  })
})
