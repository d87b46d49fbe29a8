// The positions of a page as text.

import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { sinceOf } from 'isthmus/channels'
import { positionsToText } from '../../src/feed/positions.ts'
import type { HeaderPairs } from '../../src/contract/events.ts'

describe('sinceOf()', () => {
  it('reads the query', () => {
    const text = encodeURIComponent('board=5f0c.7&a%20b%26=91-ab.12')
    expect([...sinceOf(scopeOf(`page=3&since=${text}`))]).toEqual([
      ['board', { epoch: '5f0c', offset: 7 }],
      ['a b&', { epoch: '91-ab', offset: 12 }],
    ])
  })

  it('prefers Last-Event-ID, which is younger than the query of an EventSource', () => {
    const scope = scopeOf('since=board%3Da.1', [['last-event-id', 'board=a.9']])
    expect(sinceOf(scope).get('board')).toEqual({ epoch: 'a', offset: 9 })
  })

  it('leaves out entries of another form', () => {
    const texts = ['board=7', 'board=a.-1', 'board=a.1e3', 'board=.5', 'board=a.b.1', 'board=é.1']
    const found = texts.flatMap((text) => [...sinceOf(scopeOf('', [['last-event-id', text]]))])
    expect(found).toEqual([])
  })

  it('reads the text that the server has written', () => {
    const epoch = fc.stringMatching(/^[0-9a-zA-Z-]{1,40}$/)
    const position = fc.record({ epoch, offset: fc.nat() })
    // A URL cannot have half of a surrogate pair, and neither can the name of a group.
    const group = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(fc.tuple(group, position)), (entries) => {
        const positions = new Map(entries)
        const query = `since=${encodeURIComponent(positionsToText(positions))}`
        expect(sinceOf(scopeOf(query))).toEqual(positions)
      }),
      { seed: 19 },
    )
  })
})

function scopeOf(
  queryString: string,
  headers: HeaderPairs = [],
): { queryString: string; headers: HeaderPairs } {
  return { queryString, headers }
}
