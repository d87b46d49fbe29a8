// The smallest parts in which two JSON values differ.

import { describe, expect, it } from 'vitest'
import { jsonDifferences } from '../../../src/migrate/compare/json-differences.ts'
import { seeded } from '../apps.ts'

function partsOf(from: unknown, to: unknown): string[] {
  const parts: string[] = []
  jsonDifferences(from, to, (found) => {
    const values = found.isOrder
      ? 'order'
      : `${JSON.stringify(found.from)} → ${JSON.stringify(found.to)}`
    parts.push(`${found.part}: ${values}`)
  })
  return parts
}

function keyOf(from: unknown, to: unknown): string[] {
  const keys: string[] = []
  jsonDifferences(from, to, ({ key }) => keys.push(key))
  return keys
}

describe('the differences of two JSON values', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['equal values', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['members in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ['a value', { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, ['body /a/c: 2 → 3']],
    ['a type', { a: '5' }, { a: 5 }, ['body /a: "5" → 5']],
    ['null and an absent member', { a: null }, {}, ['body /a: null → undefined']],
    ['a new member', {}, { 'a/b~c': 1 }, ['body /a~1b~0c: undefined → 1']],
    [
      'a member that is called __proto__',
      JSON.parse('{"__proto__":1}'),
      {},
      ['body /__proto__: 1 → undefined'],
    ],
    ['the root', 1, 'x', ['body: 1 → "x"']],
    ['a list and an object', [], {}, ['body: [] → {}']],
    ['a missing element', [1, 2, 3], [1, 3], ['body /1: 2 → undefined']],
    ['an extra element', [1, 3], [1, 2, 3], ['body /1: undefined → 2']],
    ['an element that is another', [1, 2, 3], [1, 9, 3], ['body /1: 2 → 9']],
    ['another order', ['a', 'b', 'c'], ['c', 'a', 'b'], ['body: order']],
    [
      'another order and a missing element',
      ['a', 'b', 'c'],
      ['c', 'a'],
      ['body /1: "b" → undefined', 'body: order'],
    ],
    ['an element that occurs twice', [1, 1, 2], [1, 2, 2], ['body /1: 1 → 2']],
    [
      'a member inside of elements in another order',
      [
        { id: 1, name: 'a', at: 1 },
        { id: 2, name: 'b', at: 2 },
      ],
      [
        { id: 2, name: 'b', at: 7 },
        { id: 1, name: 'a', at: 8 },
      ],
      ['body /0/at: 1 → 8', 'body /1/at: 2 → 7', 'body: order'],
    ],
    ['nested lists', { a: [[1, 2], [3]] }, { a: [[1, 2], [4]] }, ['body /a/1/0: 3 → 4']],
  ])('%s', (_, from, to, parts) => {
    expect(partsOf(from, to)).toEqual(parts)
  })

  it('have a key without indexes and ids', () => {
    const [from, to] = [{ byId: { 17: [{ a: 1 }] } }, { byId: { 17: [{ a: 2 }] } }]
    expect(keyOf(from, to)).toEqual(['body /byId/#/#/a'])
    expect(keyOf({ '3f2504e0-4f89-11d3-9a0c-0305e82c3301': 1 }, {})).toEqual(['body /#'])
    expect(keyOf({ '507f1f77bcf86cd799439011': 1, facade: 1 }, {})).toEqual([
      'body /#',
      'body /facade',
    ])
  })

  it('are none for a value and its copy, and some after each change of a part', () => {
    const next = seeded(5)
    for (let run = 0; run < 300; run += 1) {
      const value = randomValue(next, 4)
      const copy = JSON.parse(JSON.stringify(value)) as unknown
      expect(partsOf(value, copy)).toEqual([])
      expect(partsOf([value], [{ other: copy }]).length).toBeGreaterThan(0)
    }
  })

  it('of long lists take no time that grows with the square', () => {
    const from = Array.from({ length: 100_000 }, (_, at) => at)
    const to = from.map((value) => value * 2 + 1)
    let count = 0
    jsonDifferences(from, to, () => (count += 1))
    jsonDifferences(
      from.map(() => 0),
      from.map((_, at) => at % 2),
      () => (count += 1),
    )
    expect(count).toBe(100_000)
  }, 60_000)
})

function randomValue(next: () => number, depth: number): unknown {
  const kind = Math.floor(next() * (depth > 0 ? 6 : 4))
  const many = (): unknown[] =>
    Array.from({ length: Math.floor(next() * 5) }, () => randomValue(next, depth - 1))
  if (kind === 0) return null
  if (kind === 1) return next() < 0.5
  if (kind === 2) return Math.floor(next() * 10)
  if (kind === 3) return 'abc'.slice(Math.floor(next() * 3))
  if (kind === 4) return many()
  return Object.fromEntries(many().map((value, at) => [`m${at}`, value]))
}
