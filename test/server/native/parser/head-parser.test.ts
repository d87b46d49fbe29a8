// The duties of the parser besides the right answer: early refusals, memory, and heads that do not share state.

import { describe, expect, it } from 'vitest'
import { BadRequestError } from '../../../../src/errors.ts'
import { HeadParser } from '../../../../src/server/native/parser/head-parser.ts'
import { DEFAULTS } from '../../../../src/server/options.ts'
import { UNKNOWN_ENDS } from '../../request-head.ts'

const HEAD = 'GET /a HTTP/1.1\r\nHost: a\r\nX-B: c\r\n\r\n'
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

function parsed(parser: HeadParser, text: string): HeadParser['head'] {
  expect(parser.parse(bytesOf(text), 0)).toBe(text.length)
  return parser.head
}

/** The number of bytes after which the text, sent byte by byte, is refused; null if it is not refused. */
function refusedAfter(text: string): number | null {
  const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
  for (const [index, octet] of bytesOf(text).entries()) {
    try {
      parser.parse(Buffer.from([octet]), 0)
    } catch (error) {
      expect(error).toBeInstanceOf(BadRequestError)
      return index + 1
    }
  }
  return null
}

describe('a head that cannot become valid', () => {
  it.each([
    ['a TLS ClientHello', '\x16\x03\x01\x02\x00', 1],
    ['NUL', '\0GET / HTTP/1.1', 1],
    ['a byte that no method has', 'GE@T / HTTP/1.1', 3],
    ['a method that is too long', 'GETGETGETGETGET', 12],
    ['a method that is not served', 'BREW / HTTP/1.1', 5],
    ['a bare LF', 'GET / HTTP/1.1\nHost: a', 15],
    ['a byte that no target has', 'GET /a\x80b HTTP/1.1', 7],
    ['another version', 'GET / HTTP/2.0', 12],
    ['no version', 'GET / HXTP/1.1', 8],
    ['a second space', 'GET  / HTTP/1.1', 5],
    ['a second empty line', '\r\n\r\n', 3],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a', 21],
    ['a fold', 'GET / HTTP/1.1\r\nHost: a\r\n b', 26],
    ['a control character', 'GET / HTTP/1.1\r\nHost: a\x01b', 24],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\rb', 25],
    ['too long a request line', `GET /${'a'.repeat(9_000)}`, 8_193],
    ['too long a head', `GET / HTTP/1.1\r\na: ${'b'.repeat(17_000)}`, 16_385],
    ['a field too many', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(101)}`, 16 + 600 + 1],
  ])('by %s is refused at that byte, not later', (_what, text, expected) => {
    expect(refusedAfter(text)).toBe(expected)
  })

  it('is refused with a message that names the octet', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    expect(() => parser.parse(bytesOf('GET / HTTP/1.1\r\nA : b\r\n\r\n'), 0)).toThrow(
      'a field name has " "',
    )
  })
})

describe('a head', () => {
  it('may begin anywhere in the bytes, with other bytes after it', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    expect(parser.parse(bytesOf(`body${HEAD}rest`), 4)).toBe(4 + HEAD.length)
    expect(parser.head.headers).toEqual([
      ['host', 'a'],
      ['x-b', 'c'],
    ])
  })

  it('cannot be read before it was parsed', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    expect(() => parser.head).toThrow('call parse() first')
    expect(() => parser.framing).toThrow('call parse() first')
  })

  it('does not depend on the memory that it was read from', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    const [first, second] = [bytesOf(HEAD.slice(0, 20)), bytesOf(HEAD.slice(20))]
    parser.parse(first, 0)
    first.fill(0)
    parser.parse(second, 0)
    second.fill(0)
    expect(parser.head.target).toBe('/a')
    expect(parser.head.headers).toEqual([
      ['host', 'a'],
      ['x-b', 'c'],
    ])
  })
})

describe('a head whose fields are byte for byte those of the head before', () => {
  it('is a new head: changes of an app to the first head do not show', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    const first = parsed(parser, HEAD)
    first.headers[0]![1] = 'evil'
    first.headers.push(['x', 'y'])
    first.target = '/evil'

    const second = parsed(parser, HEAD)
    expect(second).toMatchObject({ target: '/a', method: 'GET' })
    expect(second.headers).toEqual([
      ['host', 'a'],
      ['x-b', 'c'],
    ])
    second.headers.length = 0
    expect(parsed(parser, HEAD).headers).toHaveLength(2)
  })

  it('has its own request line', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    const first = parsed(parser, HEAD)
    const second = parsed(parser, HEAD.replace('GET /a', 'DELETE /another'))
    const parsedTarget = { ...first.parsedTarget, path: '/another', rawPath: '/another' }
    expect(second).toEqual({ ...first, method: 'DELETE', target: '/another', parsedTarget })
  })

  it('is too long when its request line makes it so', () => {
    const parser = new HeadParser({ ...DEFAULTS, maxHeadBytes: HEAD.length + 5 }, UNKNOWN_ENDS)
    parsed(parser, HEAD)
    parsed(parser, HEAD.replace('/a', '/abcdef'))
    expect(() => parser.parse(bytesOf(HEAD.replace('/a', '/abcdefg')), 0)).toThrow('is longer than')
  })

  it('is not mistaken for a head of the same length that differs in any place', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    parsed(parser, HEAD)
    for (const [from, to] of [
      ['/a', '/b'],
      ['X-B: c', 'X-C: c'],
      ['X-B: c', 'X-B: d'],
      ['GET', 'PUT'],
      ['1.1', '1.0'],
    ] as const) {
      const fresh = parsed(new HeadParser(DEFAULTS, UNKNOWN_ENDS), HEAD.replace(from, to))
      expect(parsed(parser, HEAD.replace(from, to))).toEqual(fresh)
      parsed(parser, HEAD)
    }
  })

  it('is read right also in pieces, or after an empty line', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    const first = parsed(parser, HEAD)
    parser.parse(bytesOf(HEAD.slice(0, 9)), 0)
    expect(parser.parse(bytesOf(`${HEAD.slice(9)}rest`), 0)).toBe(HEAD.length - 9)
    expect(parser.head).toEqual(first)
    expect(parsed(parser, `\r\n${HEAD}`)).toEqual(first)
  })

  it('does not carry the empty line over to the next head', () => {
    const parser = new HeadParser(DEFAULTS, UNKNOWN_ENDS)
    parsed(parser, HEAD)
    parsed(parser, `\r\n${HEAD}`)
    parsed(parser, `\r\n${HEAD}`)
    expect(() => parser.parse(bytesOf(`\r\n\r\n${HEAD}`), 0)).toThrow(BadRequestError)
  })
})

describe('limits', () => {
  it('are the given ones', () => {
    const limits = { maxHeadBytes: 60, maxRequestLineBytes: 20, maxHeaderFields: 2 }
    const statusOf = (text: string): number | null => {
      try {
        new HeadParser(limits, UNKNOWN_ENDS).parse(bytesOf(text), 0)
        return null
      } catch (error) {
        return error instanceof BadRequestError ? error.status : 0
      }
    }
    expect(statusOf('GET /12345 HTTP/1.1\r\na: b\r\nc: d\r\n\r\n')).toBeNull()
    expect(statusOf('GET /1234567 HTTP/1.1\r\n\r\n')).toBe(414)
    expect(statusOf('GET / HTTP/1.1\r\na: b\r\nc: d\r\ne: f\r\n\r\n')).toBe(431)
    expect(statusOf(`GET / HTTP/1.1\r\na: ${'b'.repeat(60)}\r\n\r\n`)).toBe(431)
  })
})
