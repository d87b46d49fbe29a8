// Which names a Vary field has after one is added.

import { describe, expect, it } from 'vitest'
import { appendVary } from '../../src/http/vary.ts'

describe('appendVary()', () => {
  it.each([
    ['a response without the field', [], 'Origin', 'Origin'],
    ['an empty value', [''], 'Origin', 'Origin'],
    ['a value with other names', ['Accept, Cookie'], 'Origin', 'Accept, Cookie, Origin'],
    ['several fields', ['Accept', 'Cookie'], 'Origin', 'Accept, Cookie, Origin'],
    ['the name in another case', ['origin'], 'Origin', 'origin'],
    ['the name with white space', ['Accept,\torigin '], 'Origin', 'Accept, origin'],
    ['a longer name that ends with it', ['X-Origin'], 'Origin', 'X-Origin, Origin'],
    ['a name that appears twice', ['Cookie', 'cookie,Accept'], 'Origin', 'Cookie, Accept, Origin'],
    ['empty members of a list', [', Accept,, '], 'Origin', 'Accept, Origin'],
    ['a star', ['*'], 'Origin', '*'],
    ['a star among names', ['Accept, *', 'Cookie'], 'Origin', '*'],
    ['a star that is added', ['Accept'], '*', '*'],
  ])('handles %s', (_case, values, name, expected) => {
    expect(appendVary(values, name)).toBe(expected)
  })
})
