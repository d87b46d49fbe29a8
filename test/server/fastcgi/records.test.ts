// The records of FastCGI as bytes.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BadRequestError } from '../../../src/errors.ts'
import {
  endRecord,
  readPairs,
  record,
  recordHeader,
  shortPairs,
  TYPE,
} from '../../../src/server/fastcgi/records.ts'
import { pairBytes } from '../cgi/gateway-client.ts'

it('a header has version, type, number and size, high octets first', () => {
  expect([...recordHeader(TYPE.stdout, 0x1234, 0xfedc)]).toEqual([
    1, 6, 0x12, 0x34, 0xfe, 0xdc, 0, 0,
  ])
})

it('a record has its content after its header', () => {
  expect(record(TYPE.stdout, 1, Buffer.from('ab')).toString('hex')).toBe('01060001000200006162')
})

it('an end has the status of the app and that of the protocol', () => {
  expect(endRecord(1, 3, 1).toString('hex')).toBe('01030001000800000000000103000000')
})

it('pairs of any length come back as they were written', () => {
  const text = fc.string({ unit: 'binary-ascii', maxLength: 300 })
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 6 }), (pairs) => {
      expect(readPairs(pairBytes(pairs))).toEqual(pairs)
    }),
  )
})

it('short pairs are pairs', () => {
  const pairs: Array<[string, string]> = [
    ['FCGI_MPXS_CONNS', '0'],
    ['A', ''],
  ]
  expect(readPairs(shortPairs(pairs))).toEqual(pairs)
})

it.each([
  ['no length of the value', [1]],
  ['a name that is cut', [2, 0, 0x61]],
  ['a value that is cut', [1, 2, 0x61, 0x62]],
  ['a long length that is cut', [0x80, 0, 0]],
  ['a length far beyond the content', [0xff, 0xff, 0xff, 0xff, 0, 0x61]],
])('%s is refused', (_what, octets) => {
  expect(() => readPairs(Buffer.from(octets))).toThrow(BadRequestError)
})
