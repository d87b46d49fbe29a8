import { describe, expect, it } from 'vitest'
import { getListHeader, pairsOf } from '../../src/http/headers.ts'
import { listHasToken } from '../../src/http/list.ts'

describe('pairsOf()', () => {
  it('makes pairs from names and values that alternate', () => {
    expect(pairsOf([])).toEqual([])
    expect(pairsOf(['a', '1', 'b', '2'])).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  it('leaves out a name without a value, such as the rest of a split text', () => {
    expect(pairsOf('a\x001\x00'.split('\0'))).toEqual([['a', '1']])
    expect(pairsOf(''.split('\0'))).toEqual([])
  })
})

describe('getListHeader() and listHasToken()', () => {
  it('join repeated fields, and compare tokens without case', () => {
    const list = getListHeader(
      [
        ['connection', 'Keep-Alive'],
        ['connection', 'x ,\tclose'],
      ],
      'connection',
    )
    expect(list).toBe('Keep-Alive, x ,\tclose')
    expect(listHasToken(list, 'keep-alive')).toBe(true)
    expect(listHasToken(list, 'close')).toBe(true)
    expect(listHasToken(list, 'clos')).toBe(false)
    expect(listHasToken(undefined, 'close')).toBe(false)
  })
})
