import { describe, expect, it } from 'vitest'
import { nameOf, nameOfCall } from '../src/name-of.ts'

describe('nameOf', () => {
  it.each([
    ['text', '"text"'],
    ['a\r\nb', '"a\\r\\nb"'],
    ['', 'an empty string'],
    ['x'.repeat(81), `"${'x'.repeat(80)}…"`],
    [7, '7'],
    [7n, '7n'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [Symbol('a'), 'a symbol'],
    [nameOf, 'a function'],
    [{}, 'a plain object'],
    [[], 'an Array'],
    [new Uint8Array(1), 'a Uint8Array'],
    [new Date(0), 'a Date'],
    [new Error('no'), 'an Error'],
    [Object.create(null), 'an object'],
    [Object.create({ constructor: { name: '' } }), 'an object'],
  ])('names %o as %s', (value, name) => expect(nameOf(value)).toBe(name))

  it('names a call by its arguments', () => {
    expect(nameOfCall('read', [])).toBe('read()')
    expect(nameOfCall('read', ['1', [], ''])).toBe('read("1", an Array, an empty string)')
  })
})
