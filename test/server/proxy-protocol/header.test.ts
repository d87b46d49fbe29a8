// Headers of the PROXY protocol as bytes.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readProxyHeader } from '../../../src/server/proxy-protocol/header.ts'
import { mutations } from '../mutations.ts'
import { v1, v2 } from './headers.ts'

const read = (bytes: Buffer) => readProxyHeader(bytes)
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

const four = { client: ['192.0.2.7', 40_001], server: ['198.51.100.2', 443] }
const six = { client: ['2001:db8::7', 40_001], server: ['2001:db8::2', 443] }

describe('a header of version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.7 198.51.100.2 40001 443', four],
    ['PROXY TCP6 2001:db8::7 2001:db8::2 40001 443', six],
    ['PROXY UNKNOWN', null],
    ['PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535', null],
  ])('%s', (line, ends) => {
    const bytes = v1(line)
    expect(read(Buffer.concat([bytes, latin1('GET /')]))).toEqual({ length: bytes.length, ends })
  })

  it('has at most 107 bytes', () => {
    const longest = `PROXY UNKNOWN ${'x'.repeat(91)}`
    expect(read(v1(longest))?.length).toBe(107)
    expect(() => read(v1(`${longest}x`))).toThrow('a header of version 1 has more than 107 bytes')
    expect(read(latin1(longest))).toBeNull()
    expect(() => read(latin1(`${longest}xx`))).toThrow('more than 107 bytes')
  })

  it.each([
    'PROXY TCP4 192.0.2.7 198.51.100.2 40001',
    'PROXY TCP4 192.0.2.7 198.51.100.2 40001 65536',
    'PROXY TCP4 192.0.2.7 198.51.100.2 040001 443',
    'PROXY TCP4 192.0.2.7 198.51.100.2 -1 443',
    'PROXY TCP4 192.0.2.7 198.51.100.2 40001 443 ',
    'PROXY TCP4 192.0.2.7  198.51.100.2 40001 443',
    'PROXY TCP4 192.0.2.300 198.51.100.2 40001 443',
    'PROXY TCP4 2001:db8::7 2001:db8::2 40001 443',
    'PROXY TCP6 192.0.2.7 198.51.100.2 40001 443',
    'PROXY TCP5 192.0.2.7 198.51.100.2 40001 443',
    'PROXY tcp4 192.0.2.7 198.51.100.2 40001 443',
    'PROXY UNKNOWNS',
    'PROXY ',
    'PROXY TCP4 a\nb 198.51.100.2 40001 443',
  ])('is refused: %s', (line) => {
    expect(() => read(v1(line))).toThrow('a header of version 1 has no valid addresses')
  })
})

describe('a header of version 2', () => {
  it('has the addresses of IPv4 and IPv6, and skips the fields after them', () => {
    for (const [family, ends] of [
      [0x11, four],
      [0x21, six],
    ] as const) {
      for (const fields of [Buffer.of(), Buffer.alloc(500, 0x20)]) {
        const bytes = v2(ends, { family, fields })
        const rest = latin1('\x16\x03\x01')
        expect(read(Buffer.concat([bytes, rest]))).toEqual({ length: bytes.length, ends })
      }
    }
  })

  it('spells addresses of IPv6 as Node does', () => {
    const spelt = (host: string) =>
      read(v2({ client: [host, 1], server: ['::', 2] }, { family: 0x21 }))?.ends?.client?.[0]
    for (const host of ['::1', '2001:db8::1:0:0:1', '::ffff:192.0.2.7', 'fe80::1']) {
      expect(spelt(host)).toBe(host)
    }
  })

  it('keeps the own addresses for LOCAL, and for families that no stream has', () => {
    expect(read(v2(four, { command: 0x20 }))?.ends).toBeNull()
    expect(read(v2(four, { command: 0x20, family: 0, addresses: Buffer.of() }))?.ends).toBeNull()
    for (const family of [0x00, 0x12, 0x22, 0x32, 0x41]) {
      expect(read(v2(four, { family }))?.ends).toBeNull()
    }
  })

  it('has no address for a client of a unix socket', () => {
    const bytes = v2(four, { family: 0x31, addresses: Buffer.alloc(216) })
    expect(read(bytes)).toEqual({ length: 232, ends: { client: null, server: null } })
  })

  it('is refused if its version, its command or its length is wrong', () => {
    expect(() => read(v2(four, { command: 0x11 }))).toThrow('an unknown version or command')
    expect(() => read(v2(four, { command: 0x22 }))).toThrow('an unknown version or command')
    expect(() => read(v2(four, { addresses: Buffer.alloc(11) }))).toThrow('is too short for its')
    const long = v2(four).subarray(0, 16)
    long.writeUInt16BE(4_097, 14)
    expect(() => read(long)).toThrow('a header has more than 4096 bytes')
  })
})

describe('a header', () => {
  it('is not whole before its last byte, wherever it is cut', () => {
    const header = fc.constantFrom(
      v1('PROXY TCP6 2001:db8::7 2001:db8::2 40001 443'),
      v1('PROXY UNKNOWN'),
      v2(four, { fields: Buffer.alloc(30) }),
      v2(six, { family: 0x21 }),
    )
    fc.assert(
      fc.property(header, fc.double({ min: 0, max: 1, noNaN: true }), (bytes, part) => {
        const cut = Math.min(bytes.length - 1, Math.floor(part * bytes.length))
        expect(read(bytes.subarray(0, cut))).toBeNull()
        expect(read(bytes)?.length).toBe(bytes.length)
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it('has one verdict, which no later byte changes, also if it is mutated', () => {
    const good = fc.constantFrom(
      v1('PROXY TCP4 192.0.2.7 198.51.100.2 40001 443'),
      v2(four, { fields: Buffer.alloc(8) }),
      v2(four, { command: 0x20 }),
    )
    const verdict = (bytes: Buffer): string => {
      try {
        return JSON.stringify(read(bytes))
      } catch {
        return 'refused'
      }
    }
    fc.assert(
      fc.property(mutations(good), (bytes) => {
        const cuts = Array.from(bytes, (_, at) => verdict(bytes.subarray(0, at)))
        const early = new Set(cuts.filter((one) => one !== 'null'))
        for (const one of early) expect(one).toBe(verdict(bytes))
      }),
      { seed: 13, numRuns: 200 },
    )
  })

  it('never has more bytes than came, for any bytes', () => {
    const start = fc.constantFrom(latin1('PROXY '), v2(four).subarray(0, 12), Buffer.of())
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (first, random) => {
        const bytes = Buffer.concat([first, random])
        let length = 0
        try {
          length = read(bytes)?.length ?? 0
        } catch (error) {
          expect((error as Error).message).toMatch(/header/)
        }
        expect(length).toBeLessThanOrEqual(bytes.length)
      }),
      { seed: 11, numRuns: 500 },
    )
  })

  it.each(['GET / HTTP/1.1\r\n', 'PROXI', 'X', '\r\n\r\n\0\r\nQUIX', '\x16\x03\x01', 'proxy '])(
    'does not begin with %j, and is refused at that byte',
    (text) => {
      expect(() => read(latin1(text))).toThrow('does not begin with a header')
    },
  )
})
