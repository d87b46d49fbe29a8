import { describe, expect, it } from 'vitest'
import { cookieDate } from '../../src/testing/cookie-date.ts'

const DATE = Date.UTC(2030, 5, 9, 10, 18, 14)

describe('the date of a cookie', () => {
  it.each([
    'Sun, 09 Jun 2030 10:18:14 GMT',
    'Sunday, 09-Jun-30 10:18:14 GMT',
    'Sun Jun  9 10:18:14 2030',
    'Sun, 09-Jun-2030 10:18:14 GMT',
    '9 June 2030 10:18:14',
    '10:18:14 2030x junk 9 JUNi 2030',
    '9th Jun 2030 10:18:14pm',
  ])('is read from %j (RFC 6265, 5.1.1)', (text) => expect(cookieDate(text)).toBe(DATE))

  it.each([
    ['70', 1970],
    ['99', 1999],
    ['00', 2000],
    ['69', 2069],
    ['1601', 1601],
  ])('has a year: %s', (text, year) => {
    expect(cookieDate(`1 Jan ${text} 00:00:00`)).toBe(Date.UTC(year, 0, 1))
  })

  it.each([
    '',
    'tomorrow',
    '0 Jan 2030 00:00:00',
    '32 Jan 2030 00:00:00',
    '30 Feb 2030 00:00:00',
    '1 Jan 1600 00:00:00',
    '1 Jan 2030 24:00:00',
    '1 Jan 2030 00:60:00',
    '1 Jan 2030 00:00:60',
    '1 Jan 2030 00:00',
    '1 Foo 2030 00:00:00',
    '1 Jan 20300 00:00:00',
    '2030-01-01T00:00:00Z',
  ])('is refused: %j', (text) => expect(cookieDate(text)).toBeUndefined())
})
