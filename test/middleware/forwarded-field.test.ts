// The grammar of the Forwarded field.

import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { parseForwarded } from '../../src/middleware/forwarded-field.ts'

describe('parseForwarded()', () => {
  it('reads names in any case, tokens, and quoted strings with escapes', () => {
    expect(parseForwarded(String.raw`For=a;PROTO="h\"t\\p", by="x;y,z"`)).toEqual([
      { for: 'a', proto: String.raw`h"t\p` },
      { by: 'x;y,z' },
    ])
  })

  it('leaves empty elements out, and reads empty places of an element as none', () => {
    expect(parseForwarded(',, for=a;;by=b; ,\t,;for=c,')).toEqual([
      { for: 'a', by: 'b' },
      { for: 'c' },
    ])
    expect([parseForwarded(''), parseForwarded(' , ,')]).toEqual([[], []])
    expect(parseForwarded(';')).toEqual([{}])
  })

  it('keeps a parameter whose name all objects have apart from them', () => {
    const [element] = parseForwarded('__proto__=x;for=a') ?? []
    expect(Object.keys(element ?? {})).toEqual(['__proto__', 'for'])
    expect(parseForwarded('proto=http')?.[0]?.['constructor']).toBeUndefined()
  })

  it.each([
    'for',
    'for=',
    '=a',
    'for="a',
    'for="a\\"',
    'for=a b',
    'for=[::1]',
    'for="a"b',
    'a=b=c',
  ])('refuses %s', (field) => expect(parseForwarded(field)).toBeNull())

  it('takes linear time for 64 KiB of any part', () => {
    const since = performance.now()
    for (const part of [' ', ',', ';', '"', '\\', 'a', 'a=', 'for="', 'a=b ', '\\"', ' \t']) {
      parseForwarded(part.repeat(65_536 / part.length))
      parseForwarded(`for="${part.repeat(65_536 / part.length)}`)
    }
    expect(performance.now() - since).toBeLessThan(2_000)
  })
})
