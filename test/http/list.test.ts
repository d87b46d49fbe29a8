import { describe, expect, it } from 'vitest'
import { listHasToken, listMembers } from '../../src/http/list.ts'

describe('listMembers()', () => {
  it('takes spaces and tabs from the ends of each member, and keeps empty members', () => {
    expect(listMembers(' a\t,b c ,, \t')).toEqual(['a', 'b c', '', ''])
  })

  it('keeps NBSP, which belongs to a value', () => {
    expect(listMembers('a\xa0, b')).toEqual(['a\xa0', 'b'])
  })
})

describe('listHasToken()', () => {
  it('compares whole members without case', () => {
    expect(listHasToken('Keep-Alive , upgrade', 'keep-alive')).toBe(true)
    expect(listHasToken('\tclose', 'close')).toBe(true)
    expect(listHasToken('closed, not-close', 'close')).toBe(false)
    expect(listHasToken(undefined, 'close')).toBe(false)
  })
})
