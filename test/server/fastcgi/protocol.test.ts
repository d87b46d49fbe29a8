// The reader of FastCGI: the steps of good records in any pieces, and the refusal of all others.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fastcgi } from '../../../src/server/fastcgi/protocol.ts'
import { beginRecord, pairBytes, record, streamRecords } from '../cgi/gateway-client.ts'
import { stepsOf } from '../cgi/read-steps.ts'
import { mutations } from '../mutations.ts'

const PARAMS = 4
const STDIN = 5
const params = (pairs: Array<[string, string]>, id = 1): Buffer =>
  streamRecords(PARAMS, id, pairBytes(pairs))
const stdin = (text: string, id = 1): Buffer =>
  streamRecords(STDIN, id, Buffer.from(text, 'latin1'))
const sized = (length: number | string): Buffer => params([['CONTENT_LENGTH', String(length)]])
const steps = (...records: Buffer[]): string[] => stepsOf(fastcgi, Buffer.concat(records))

describe('a request', () => {
  it('with an announced body begins before the body', () => {
    expect(steps(beginRecord(1), sized(3))).toEqual(['request 3 keeps CONTENT_LENGTH=3'])
    expect(steps(beginRecord(1), sized(3), stdin('abc'))).toEqual([
      'request 3 keeps CONTENT_LENGTH=3',
      'body abc',
      'body-end',
    ])
  })

  it('without a length begins with its first input', () => {
    const begun = [
      beginRecord(1, { keep: false }),
      params([
        ['A', '1'],
        ['CONTENT_LENGTH', ''],
      ]),
    ]
    expect(steps(...begun)).toEqual([])
    expect(steps(...begun, stdin(''))).toEqual(['request 0 A=1 CONTENT_LENGTH='])
    expect(steps(...begun, stdin('xyz'))).toEqual([
      'request null A=1 CONTENT_LENGTH=',
      'body xyz',
      'body-end',
    ])
  })

  it('whose input ends early is one of a client that has left', () => {
    expect(steps(beginRecord(1), sized(5), stdin('abc'))).toEqual([
      'request 5 keeps CONTENT_LENGTH=5',
      'body abc',
      'abort',
    ])
  })

  it('that is aborted says so', () => {
    expect(steps(beginRecord(1), sized(5), record(2, 1, ''))).toEqual([
      'request 5 keeps CONTENT_LENGTH=5',
      'abort',
    ])
  })

  it('has the same steps in any pieces', () => {
    const value = fc.string({ unit: 'binary-ascii', maxLength: 150 })
    const pairs = fc.array(fc.tuple(value, value), { maxLength: 6 })
    const places = fc.array(fc.nat(), { maxLength: 12 })
    fc.assert(
      fc.property(
        pairs,
        value,
        fc.integer({ min: 1, max: 65_535 }),
        places,
        (more, body, id, cutAt) => {
          const variables: Array<[string, string]> = [
            ['CONTENT_LENGTH', String(body.length)],
            ...more,
          ]
          const isPlain = !more.some(([name]) => name === 'CONTENT_LENGTH')
          const bytes = Buffer.concat([beginRecord(id), params(variables, id), stdin(body, id)])
          const cuts = cutAt.map((place) => place % (bytes.length + 1))
          const found = stepsOf(fastcgi, bytes, cuts)
          expect(found).toEqual(stepsOf(fastcgi, bytes))
          if (isPlain)
            expect(found.slice(1)).toEqual(
              body === '' ? ['body-end'] : [`body ${body}`, 'body-end'],
            )
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('answers without a request:', () => {
  it('the values that it knows, and no others', () => {
    const asked = pairBytes([
      ['FCGI_MPXS_CONNS', ''],
      ['FCGI_MAX_REQS', ''],
      ['X', ''],
    ])
    const told = (pairs: Array<[string, string]>): string =>
      `reply ${record(10, 0, pairBytes(pairs)).toString('hex')}`
    expect(steps(record(9, 0, asked))).toEqual([told([['FCGI_MPXS_CONNS', '0']])])
    expect(stepsOf(fastcgi, record(9, 0, asked), [], { maxConcurrency: 8 })).toEqual([
      told([
        ['FCGI_MPXS_CONNS', '0'],
        ['FCGI_MAX_REQS', '8'],
      ]),
    ])
  })

  it('a type of management that it does not know', () => {
    expect(steps(record(99, 0, 'x'))).toEqual(['reply 010b0000000800006300000000000000'])
  })

  it('a second request beside the first one', () => {
    expect(steps(beginRecord(1), beginRecord(2))).toEqual([
      'reply 01030002000800000000000001000000',
    ])
  })

  it('another role than that of a responder', () => {
    const unknown = 'reply 01030001000800000000000003000000'
    expect(steps(beginRecord(1, { role: 2 }))).toEqual([unknown])
    expect(steps(beginRecord(1, { role: 3, keep: false }))).toEqual([`${unknown} last`])
  })
})

describe('ignores', () => {
  it('records of a request that is not open, and records of data', () => {
    expect(steps(stdin('late', 7), record(2, 7, ''), params([['A', '1']], 7))).toEqual([])
    expect(steps(beginRecord(1), record(8, 1, 'data'), sized(0), stdin(''))).toEqual([
      'request 0 keeps CONTENT_LENGTH=0',
      'body-end',
    ])
  })
})

describe('is refused:', () => {
  const begun = beginRecord(1)
  const long = streamRecords(PARAMS, 1, pairBytes([['A', 'x'.repeat(5000)]]))

  it.each([
    [
      'an HTTP request',
      [Buffer.from('GET / HTTP/1.1\r\n')],
      '400 a record has no version 1 of FastCGI',
    ],
    [
      'version 2',
      [Buffer.from([2, 1, 0, 1, 0, 8, 0, 0])],
      '400 a record has no version 1 of FastCGI',
    ],
    ['a short begin', [record(1, 1, 'abc')], '400 the record that begins a request is short'],
    ['a request that begins twice', [begun, begun], '400 request 1 begins twice'],
    [
      'input before the parameters end',
      [begun, stdin('')],
      '400 input comes before the end of the parameters',
    ],
    [
      'parameters after their end',
      [begun, params([]), params([])],
      '400 parameters follow their end',
    ],
    ['parameters above the limit', [begun, long], '431 the parameters are longer than 4096 bytes'],
    [
      'parameters that are no pairs',
      [begun, streamRecords(PARAMS, 1, Buffer.from([9]))],
      '400 the parameters are no pairs of names and values',
    ],
    [
      'values that are no pairs',
      [record(9, 0, Buffer.from([1]))],
      '400 the parameters are no pairs of names and values',
    ],
    [
      'a length that is no number',
      [begun, sized('1e3')],
      '400 CONTENT_LENGTH is not a number of bytes',
    ],
    [
      'two lengths',
      [
        begun,
        params([
          ['CONTENT_LENGTH', '1'],
          ['CONTENT_LENGTH', '2'],
        ]),
      ],
      '400 CONTENT_LENGTH was given twice with different values',
    ],
  ])('%s', (_what, records, refusal) => {
    expect(steps(...records)).toEqual([refusal])
  })

  it('input beyond the announced length, and input after its end', () => {
    const request = 'request 3 keeps CONTENT_LENGTH=3'
    expect(steps(begun, sized(3), stdin('abcd'))).toEqual([
      request,
      '400 the input is longer than CONTENT_LENGTH',
    ])
    expect(steps(begun, sized(3), stdin('abc'), stdin('abc')).at(-1)).toBe(
      '400 input follows its end',
    )
  })

  it('mutated records have the same steps in any pieces', () => {
    const types = fc.constantFrom(1, 2, 4, STDIN, STDIN, STDIN, 9, 99)
    const contents = fc.constantFrom('', 'abc', 'abcdef', '\0\x01\x01\0\0\0\0\0')
    const one = fc
      .tuple(types, fc.integer({ min: 0, max: 2 }), contents, fc.integer({ min: 0, max: 255 }))
      .map(([type, id, content, padding]) => record(type, id, content, padding))
    const good = fc
      .array(one, { maxLength: 6 })
      .map((records) => Buffer.concat([begun, sized(6), ...records]))
    fc.assert(
      fc.property(mutations(good), fc.array(fc.nat(), { maxLength: 8 }), (bytes, places) => {
        const cuts = places.map((place) => place % (bytes.length + 1))
        expect(stepsOf(fastcgi, bytes, cuts)).toEqual(stepsOf(fastcgi, bytes))
      }),
      { seed: 5, numRuns: 200 },
    )
  })

  it('any records end in steps or in a refusal', () => {
    const one = fc
      .record({
        type: fc.integer({ min: 0, max: 12 }),
        id: fc.integer({ min: 0, max: 2 }),
        content: fc.uint8Array({ maxLength: 20 }),
      })
      .map(({ type, id, content }) => record(type, id, content, id))
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 12 }),
        fc.uint8Array({ maxLength: 20 }),
        (records, rest) => {
          const found = steps(...records, Buffer.from(rest))
          expect(
            found.every((step) => /^(?:request|body|body-end|abort|reply|4\d\d)\b/.test(step)),
          ).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })
})
