// The reader of SCGI: the steps of good bytes in any pieces, and the refusal of all others.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scgi } from '../../../src/server/scgi/protocol.ts'
import { scgiBytes } from '../cgi/gateway-client.ts'
import { stepsOf } from '../cgi/read-steps.ts'
import { mutations } from '../mutations.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const steps = (text: string, cuts?: number[]): string[] => stepsOf(scgi, latin1(text), cuts)

describe('a request', () => {
  it('of the specification is read', () => {
    const text =
      '70:CONTENT_LENGTH\x0027\x00SCGI\x001\x00REQUEST_METHOD\x00POST\x00REQUEST_URI\x00/deepthought\x00,' +
      'What is the answer to life?'
    expect(steps(text)).toEqual([
      'request 27 CONTENT_LENGTH=27 SCGI=1 REQUEST_METHOD=POST REQUEST_URI=/deepthought',
      'body What is the answer to life?',
      'body-end',
    ])
  })

  it('without a body has one step, and the bytes after it are dropped', () => {
    const bytes = scgiBytes(
      [
        ['CONTENT_LENGTH', '0'],
        ['SCGI', '1'],
      ],
      'surplus',
    )
    expect(stepsOf(scgi, bytes)).toEqual(['request 0 CONTENT_LENGTH=0 SCGI=1'])
  })

  it('has the same steps in any pieces', () => {
    const value = fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    })
    const pairs = fc.array(
      fc.tuple(
        value.filter((name) => name !== ''),
        value,
      ),
      { maxLength: 8 },
    )
    const body = fc.string({ unit: 'binary-ascii', maxLength: 200 })
    fc.assert(
      fc.property(pairs, body, fc.array(fc.nat(), { maxLength: 12 }), (more, text, places) => {
        const variables: Array<[string, string]> = [
          ['CONTENT_LENGTH', String(text.length)],
          ['SCGI', '1'],
          ...more,
        ]
        const bytes = scgiBytes(variables, text)
        const cuts = places.map((place) => place % (bytes.length + 1))
        const found = stepsOf(scgi, bytes, cuts)
        expect(found).toEqual(stepsOf(scgi, bytes))
        expect(found[0]).toContain(`request ${text.length} CONTENT_LENGTH`)
        expect(found.slice(1)).toEqual(text === '' ? [] : [`body ${text}`, 'body-end'])
      }),
      { numRuns: 100 },
    )
  })
})

describe('is refused:', () => {
  const SCGI = 'SCGI\x001\x00'
  const netstring = (text: string): string => `${text.length}:${text},`

  it.each([
    [
      'an HTTP request',
      'GET / HTTP/1.1\r\n',
      '400 the request does not begin with a netstring of SCGI',
    ],
    ['no length', ':', '400 the request does not begin with a netstring of SCGI'],
    [
      'a length with a leading zero',
      '012:',
      '400 the request does not begin with a netstring of SCGI',
    ],
    ['a length of 0', '0:,', '400 the request does not begin with a netstring of SCGI'],
    ['a length without an end', '1234567890', '431 the variables are longer than 4096 bytes'],
    ['a length above the limit', '4097:', '431 the variables are longer than 4096 bytes'],
    [
      'no comma',
      `${`CONTENT_LENGTH\x000\x00${SCGI}`.length}:CONTENT_LENGTH\x000\x00${SCGI};`,
      '400 the request does not begin with a netstring of SCGI',
    ],
    [
      'a name without a value',
      netstring(`CONTENT_LENGTH\x000\x00${SCGI}X\x00`),
      '400 the variables are no pairs of names and values',
    ],
    [
      'no NUL at the end',
      netstring(`CONTENT_LENGTH\x000\x00SCGI\x001`),
      '400 the variables are no pairs of names and values',
    ],
    [
      'an empty name',
      netstring(`CONTENT_LENGTH\x000\x00${SCGI}\x00x\x00`),
      '400 the variables are no pairs of names and values',
    ],
    [
      'another first variable',
      netstring(`${SCGI}CONTENT_LENGTH\x000\x00`),
      '400 the first variable is not CONTENT_LENGTH with a number of bytes',
    ],
    [
      'a signed length',
      netstring(`CONTENT_LENGTH\x00+1\x00${SCGI}`),
      '400 CONTENT_LENGTH is not a number of bytes',
    ],
    [
      'an empty length',
      netstring(`CONTENT_LENGTH\x00\x00${SCGI}`),
      '400 the first variable is not CONTENT_LENGTH with a number of bytes',
    ],
    [
      'a length above 2^53',
      netstring(`CONTENT_LENGTH\x00${'9'.repeat(16)}\x00${SCGI}`),
      '400 CONTENT_LENGTH is not a number of bytes',
    ],
    [
      'a second length that differs',
      netstring(`CONTENT_LENGTH\x000\x00${SCGI}CONTENT_LENGTH\x0030\x00`),
      '400 CONTENT_LENGTH was given twice with different values',
    ],
    [
      'no variable SCGI',
      netstring('CONTENT_LENGTH\x000\x00'),
      '400 the variable SCGI with the value 1 is missing',
    ],
  ])('%s', (_what, text, refusal) => {
    expect(steps(text)).toEqual([refusal])
    expect(
      steps(
        text,
        Array.from(text, (_, index) => index),
      ),
    ).toEqual([refusal])
  })

  it('a mutated request has the same steps in any pieces', () => {
    const more = fc.array(fc.constantFrom(['HTTP_X', '1'], ['CONTENT_LENGTH', '3'], ['A', '']), {
      maxLength: 3,
    })
    const good = fc
      .tuple(more, fc.string({ unit: 'binary-ascii', maxLength: 12 }))
      .map(([pairs, body]) =>
        scgiBytes(
          [['CONTENT_LENGTH', String(body.length)], ['SCGI', '1'], ...pairs] as Array<
            [string, string]
          >,
          body,
        ),
      )
    fc.assert(
      fc.property(mutations(good), (bytes) => {
        const each = Array.from(bytes, (_, index) => index)
        expect(stepsOf(scgi, bytes, each)).toEqual(stepsOf(scgi, bytes))
      }),
      { seed: 3, numRuns: 150 },
    )
  })

  it('any bytes end in steps or in a refusal', () => {
    const random = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(random, (bytes) => {
        expect(
          stepsOf(scgi, bytes).every((step) => /^(?:request|body|body-end|4\d\d) ?/.test(step)),
        ).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
