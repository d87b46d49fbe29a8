// The announced length of a body.

import { expect, it } from 'vitest'
import { announcedLength } from '../../../src/server/cgi/content-length.ts'

const lengthOf = (...values: string[]): number | null =>
  announcedLength(values.map((value) => ['CONTENT_LENGTH', value] as const))

it('is a number of bytes, or none', () => {
  expect(lengthOf('0')).toBe(0)
  expect(lengthOf('12')).toBe(12)
  expect(lengthOf('9'.repeat(15))).toBe(999_999_999_999_999)
  expect(lengthOf()).toBeNull()
  expect(lengthOf('')).toBeNull()
})

it.each(['1e3', '+1', '-1', ' 1', '1 ', '0x10', '1,1', '9'.repeat(16)])(
  'is refused as %j',
  (value) => {
    expect(() => lengthOf(value)).toThrow('CONTENT_LENGTH is not a number of bytes')
  },
)

it('may occur twice with one value only', () => {
  expect(lengthOf('5', '5')).toBe(5)
  for (const pair of [
    ['5', '6'],
    ['5', '05'],
    ['', '5'],
  ]) {
    expect(() => lengthOf(...pair)).toThrow('CONTENT_LENGTH was given twice with different values')
  }
})
