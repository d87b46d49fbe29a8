// The arguments of startResponse: their checks, and the head that is sent.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidHeaderError } from '../../src/errors.ts'
import { announcedHead } from '../../src/sync/response-head.ts'
import type { StartResponseHeaders } from '../../src/contract/environ.ts'

const SEED = 20_260_103
const headersOf = (...headers: StartResponseHeaders): StartResponseHeaders =>
  announcedHead('200 OK', headers).headers
const statusOf = (status: unknown): number => announcedHead(status as string, []).status

describe('the status', () => {
  it('[3a.32] is three digits, one space and a reason', () => {
    expect(announcedHead('404 Not Found', [])).toEqual({
      status: 404,
      reason: 'Not Found',
      headers: [],
      contentLength: undefined,
    })
  })

  it('[3a.32] may have an empty reason after the space', () => {
    expect(announcedHead('200 ', []).reason).toBe('')
  })

  it('[3a.32] is refused in any other shape', () => {
    const wrong = ['200', '200OK', '20 OK', '2000 OK', '+20 OK', ' 200 OK', '200 OK ', '200  OK']
    wrong.push('', 'OK', '200\tOK', '200 O\tK', '٢٠٠ OK', '200 \u0100')
    expect(wrong.filter((status) => accepts(() => statusOf(status)))).toEqual([])
  })

  it('[3a.32] cannot split the response', () => {
    const ends = ['\r\n', '\n', '\r', '\0', '\r\nSet-Cookie: a=b', '\u2028']
    expect(ends.filter((end) => accepts(() => statusOf(`200 OK${end}`)))).toEqual([])
  })

  it('[3a.32] is a final status, from 200 to 599', () => {
    for (const status of ['100 Continue', '101 Switching Protocols', '199 X', '600 X', '000 X']) {
      expect(() => statusOf(status)).toThrow(InvalidHeaderError)
    }
    expect(statusOf('599 X')).toBe(599)
  })

  it('[3a.32] is a string; the message names the type of another value', () => {
    expect(() => statusOf(200)).toThrow(
      new InvalidHeaderError("the status must be a string such as '200 OK', got a number"),
    )
    expect(() => statusOf(['200 OK'])).toThrow('got an Array')
    expect(() => statusOf(undefined)).toThrow('got undefined')
  })

  it('[3a.32] is accepted exactly if the grammar allows it', () => {
    const status = fc.oneof(
      fc.string({
        unit: fc.constantFrom('1', '2', '5', '9', ' ', 'a', '\n', '\u0100'),
        maxLength: 8,
      }),
      fc
        .tuple(fc.integer({ min: 190, max: 610 }), fc.string({ unit: 'binary', maxLength: 5 }))
        .map(([code, reason]) => `${code} ${reason}`),
    )
    const property = fc.property(status, (status) => {
      const [code, reason] = [status.slice(0, 3), status.slice(4)]
      const isCode =
        unitsOf(code).every((unit) => unit >= 0x30 && unit <= 0x39) && code.length === 3
      const isText = unitsOf(reason).every((unit) => unit >= 0x20 && unit !== 0x7f && unit <= 0xff)
      const isTrimmed = !reason.startsWith(' ') && !reason.endsWith(' ')
      const isFinal = Number(code) >= 200 && Number(code) <= 599
      const isLegal = isCode && isFinal && status[3] === ' ' && isText && isTrimmed
      expect(accepts(() => statusOf(status))).toBe(isLegal)
    })
    fc.assert(property, { seed: SEED, numRuns: 2_000 })
    expect.hasAssertions()
  })
})

describe('the headers', () => {
  it('[3a.42] keep order, duplicates and values; names become lower-case', () => {
    const sent = headersOf(['X-B', '1'], ['Set-Cookie', 'a=1; Path=/'], ['set-COOKIE', 'b=é'])
    expect(sent).toEqual([
      ['x-b', '1'],
      ['set-cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=é'],
    ])
  })

  it('are a copy: later changes to the list of the app have no effect', () => {
    const list: [string, string][] = [['etag', '"1"']]
    const { headers } = announcedHead('200 OK', list)
    list[0] = ['etag', 'x\r\n']
    list.push(['late', '1'])
    expect(headers).toEqual([['etag', '"1"']])
  })

  it('[3a.33] are pairs of strings in an array, with tokens for names', () => {
    const announce = announcedHead as (status: string, headers: unknown) => unknown
    const wrong = [
      null,
      undefined,
      { etag: '"1"' },
      new Map([['etag', '"1"']]),
      ['etag'],
      [['etag']],
      [['etag', '"1"', 'x']],
      [['content-length', 5]],
      [['', 'x']],
      [['e tag', 'x']],
      [['etag:', 'x']],
      [['étag', 'x']],
    ]
    for (const headers of wrong)
      expect(() => announce('200 OK', headers)).toThrow(InvalidHeaderError)
  })

  it('[3a.33] cannot split the response', () => {
    const texts = ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', '\u0100', '\x7f']
    expect(texts.filter((text) => accepts(() => headersOf(['x', text])))).toEqual([])
    expect(texts.filter((text) => accepts(() => headersOf([`x${text}`, '1'])))).toEqual([])
  })

  it('[3a.33] do not include the status', () => {
    expect(() => headersOf(['Status', '200 OK'])).toThrow(
      new InvalidHeaderError('the status is an argument of startResponse, not a header "status"'),
    )
  })

  it('[3a.34] [3a.50] do not include the fields of the connection', () => {
    const names = ['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'Proxy-Authorization', 'TE']
    names.push('Trailer', 'Trailers', 'Transfer-Encoding', 'UPGRADE')
    expect(names.filter((name) => accepts(() => headersOf([name, 'x'])))).toEqual([])
    expect(() => headersOf(['TE', 'x'])).toThrow(
      new InvalidHeaderError('header "te" is hop-by-hop: leave it to the server'),
    )
    expect(headersOf(['Content-Encoding', 'gzip'])).toEqual([['content-encoding', 'gzip']])
  })

  it('[3a.33] are accepted exactly if the grammar allows them', () => {
    const text = fc.oneof(fc.string({ maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 4 }))
    const property = fc.property(text, text, (name, value) => {
      const isToken = name !== '' && unitsOf(name).every((unit) => TOKEN_UNITS.includes(unit))
      const isValue = unitsOf(value).every(
        (unit) => unit === 0x09 || (unit >= 0x20 && unit !== 0x7f && unit <= 0xff),
      )
      expect(accepts(() => headersOf([name, value]))).toBe(isToken && isValue)
    })
    fc.assert(property, { seed: SEED, numRuns: 2_000 })
    expect.hasAssertions()
  })
})

describe('Content-Length', () => {
  const lengthOf = (...values: string[]): number | undefined =>
    announcedHead(
      '200 OK',
      values.map((value) => ['Content-Length', value]),
    ).contentLength

  it('[3a.45] consists of plain digits', () => {
    expect(lengthOf('0')).toBe(0)
    expect(lengthOf('1234')).toBe(1234)
    expect(lengthOf()).toBeUndefined()
    const wrong = ['', ' 5', '5 ', '-5', '+5', '5.0', '0x5', '5, 5', 'NaN', '9'.repeat(17)]
    expect(wrong.filter((value) => accepts(() => lengthOf(value)))).toEqual([])
  })

  it('is sent once when it is repeated, and refused when the repeats differ', () => {
    const head = announcedHead('200 OK', [
      ['content-length', '5'],
      ['x', '1'],
      ['Content-Length', '5'],
      ['CONTENT-LENGTH', '5'],
    ])
    expect(head.headers).toEqual([
      ['content-length', '5'],
      ['x', '1'],
    ])
    expect(() => lengthOf('5', '6')).toThrow(
      new InvalidHeaderError('two Content-Lengths: 5 and 6; announce one'),
    )
  })

  it('[3a.47] is removed from a 204, and kept for a 304', () => {
    const headers: StartResponseHeaders = [
      ['etag', '"1"'],
      ['content-length', '5'],
      ['Content-Length', '5'],
    ]
    const noContent = announcedHead('204 No Content', headers)
    expect(noContent.headers).toEqual([['etag', '"1"']])
    expect(noContent.contentLength).toBeUndefined()
    expect(announcedHead('304 Not Modified', headers).contentLength).toBe(5)
  })
})

function unitsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
}

const TOKEN_UNITS = unitsOf(
  "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
)

function accepts(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (error instanceof InvalidHeaderError) return false
    // The name `status` and hop-by-hop names are refused too, but random text never equals them.
    throw error
  }
}
