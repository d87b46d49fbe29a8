// Requests that are almost right: built by the grammar, then broken in places that matter.

import fc from 'fast-check'

// The parts of a request, each a string of one byte a character; a mutation works on parts or on bytes.
type Parts = string[]
type Field = [name: string, value: string]

interface Framing {
  fields: Parts
  body: Parts
}

interface Mutation {
  kind: 'delete' | 'repeat' | 'swap' | 'replace' | 'insert' | 'octet' | 'cut'
  at: number
  piece: string
}

const METHODS = ['GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'DELETE', 'M-SEARCH']
const TARGETS = ['/', '/', '/', '/a/b?c=d', '/%C3%A9', 'http://b.example/c', '/a|"<', '/a#b', '*']
const GOOD_FIELDS: Field[] = [
  ['Connection', 'keep-alive'],
  ['Connection', 'close'],
  ['Connection', 'TE'],
  ['Cookie', 'a=b; c=d'],
  ['Expect', '100-continue'],
  ['TE', 'trailers'],
  ['Upgrade', 'websocket'],
  ['X-A', 'b'],
  ['X-A', ''],
  ['X-A', ' b\tc '],
  ['X-A', '\x80\xff"q": c'],
  ['x_y', 'z'],
]
const BAD_FIELDS: Field[] = [
  ...['keep-alive, Upgrade', 'keep-alive, close', '', ','].map((value): Field => [
    'Connection',
    value,
  ]),
  ...['0', '5', '05', '6', '-1', '+5', '5, 5', '5 5', '0x5', '', '18446744073709551621'].map(
    (value): Field => ['Content-Length', value],
  ),
  ...['chunked', 'Chunked', 'gzip', 'gzip, chunked', 'chunked, chunked', 'identity', ''].map(
    (value): Field => ['Transfer-Encoding', value],
  ),
  ...['b.example', '', 'a/b', 'a%20b', 'a%zz', '[::1]:80', '[:::]'].map((value): Field => [
    'Host',
    value,
  ]),
  ['Expect', '200-ok'],
  ['Expect', ', 100-continue,'],
  ['Content-Length', '\t5\t'],
  ['Transfer-Encoding', '\tchunked\t'],
  ['Upgrade', 'h2c'],
]
const PIECES = [
  '', ' ', '  ', '\t', '\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\0', '\x0b', '\x0c', '\x1b', '\x7f', '\x80', '\xa0', '\xff',
  ':', ';', ',', '"', '\\', '=', '+', '-', '0x', '#', '?', '/', '*', '%00', '@', '0', '1', '5', 'a', 'A', 'g',
  'chunked', 'identity', 'gzip, ', ', chunked', 'close', '\r\n ', '\r\n\t',
  'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', 'GET', 'get', 'PRI', 'SOURCE', 'CONNECT', 'QUERY',
  'Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: a\r\n', 'Host: b\r\n', ' Host: b\r\n', 'Expect: 100-continue\r\n',
  'Trailer: a\r\n', 'X: \r\n', 'hello', '5\r\nhello\r\n', '0\r\n\r\n', '0\r\n', '0\r\nA: b\r\n\r\n', ';a=b', ';a="b"',
  'ffffffffffffffff', '1fffffffffffff', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\x16\x03\x01',
] // prettier-ignore

const field: fc.Arbitrary<Parts> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...GOOD_FIELDS) },
      { weight: 1, arbitrary: fc.constantFrom(...BAD_FIELDS) },
    ),
    fc.constantFrom('as it is', 'as it is', 'small', 'capitals'),
    fc.constantFrom(' ', ' ', ' ', '', '  ', ' \t'),
    fc.constantFrom('', '', '', ' ', '\t'),
  )
  .map(([[name, value], spelling, space, after]) => [
    spelled(name, spelling),
    ':',
    space,
    value,
    after,
    '\r\n',
  ])

function spelled(name: string, spelling: string): string {
  if (spelling === 'small') return name.toLowerCase()
  return spelling === 'capitals' ? name.toUpperCase() : name
}

const extension = fc.constantFrom(
  '',
  '',
  '',
  '',
  '',
  '',
  '',
  ';a',
  ';b',
  ';a=b',
  ';a="b;\\"c"',
  ' ;a',
  ';a=',
  '; a=b',
  ';a =\tb ;c',
)
const data = fc.constantFrom('a', 'hello', '0123456789abcdef', '\r\n', '0\r\n\r\n', '\0\xff')
const chunk: fc.Arbitrary<Parts> = fc
  .tuple(data, extension, fc.constantFrom('', '', '0', '00'))
  .map(([data, extension, zeros]) => [
    zeros,
    data.length.toString(16),
    extension,
    '\r\n',
    data,
    '\r\n',
  ])
const trailer = fc.constantFrom<Parts>(
  [],
  [],
  [],
  [],
  [],
  ['A', ':', ' ', 'b', '\r\n'],
  ['Host', ':', 'b', '\r\n'],
  ['Content-Length', ':', '5', '\r\n'],
  ['Transfer-Encoding', ':', 'chunked', '\r\n'],
)
const chunks: fc.Arbitrary<Parts> = fc
  .tuple(fc.array(chunk, { maxLength: 3 }), extension, trailer)
  .map(([chunks, extension, trailer]) => [
    ...chunks.flat(),
    '0',
    extension,
    '\r\n',
    ...trailer,
    '\r\n',
  ])

const framing: fc.Arbitrary<Framing> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Framing>({ fields: [], body: [] }) },
  {
    weight: 2,
    arbitrary: data.map((body): Framing => ({
      fields: ['Content-Length', ':', ' ', String(body.length), '\r\n'],
      body: [body],
    })),
  },
  {
    weight: 3,
    arbitrary: chunks.map((body): Framing => ({
      fields: ['Transfer-Encoding', ':', ' ', 'chunked', '\r\n'],
      body,
    })),
  },
)

const request: fc.Arbitrary<Parts> = fc
  .record({
    line: fc.tuple(
      fc.constantFrom(...METHODS),
      fc.constantFrom(...TARGETS),
      fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
    ),
    before: fc.array(field, { maxLength: 2 }),
    framing,
    last: fc.array(field, { maxLength: 1 }),
  })
  .map(({ line: [method, target, version], before, framing, last }) => [
    method,
    ' ',
    target,
    ' ',
    version,
    '\r\n',
    'Host',
    ':',
    ' ',
    'a.example',
    '\r\n',
    ...before.flat(),
    ...framing.fields,
    ...last.flat(),
    '\r\n',
    ...framing.body,
  ])

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('delete', 'repeat', 'swap', 'replace', 'insert', 'insert', 'octet', 'cut'),
  at: fc.nat({ max: 0x7fff }),
  piece: fc.constantFrom(...PIECES),
})

/** The bytes that one connection sends. */
interface Connection {
  /** Each character is one byte. */
  text: string
  /** The number of mutations. */
  mutations: number
}

/** Requests on a connection, some of them repeated, valid or with up to three mutations. */
export const mutatedConnection: fc.Arbitrary<Connection> = fc
  .record({
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
    again: fc.constantFrom(0, 0, 0, 1, 2),
    mutations: fc.array(mutation, { maxLength: 3 }),
  })
  .map(({ requests, again, mutations }) => {
    const parts = [...requests.slice(0, again), ...requests].flat()
    return { text: mutations.reduce(mutated, parts).join(''), mutations: mutations.length }
  })

function mutated(parts: Parts, { kind, at, piece }: Mutation): Parts {
  const index = at % Math.max(1, parts.length)
  const part = parts[index] ?? ''
  switch (kind) {
    case 'delete':
      return parts.toSpliced(index, 1)
    case 'repeat':
      return parts.toSpliced(index, 0, part)
    case 'swap':
      return parts.toSpliced(index, 2, parts[index + 1] ?? '', part)
    case 'replace':
      return parts.toSpliced(index, 1, piece)
    case 'insert':
      return parts.toSpliced(index, 0, piece)
    case 'octet':
      return parts.toSpliced(index, 1, inside(part, at, piece))
    case 'cut':
      return parts.slice(0, index + 1)
  }
}

// A piece instead of one byte somewhere in the part.
function inside(part: string, at: number, piece: string): string {
  const offset = at % Math.max(1, part.length)
  return part.slice(0, offset) + piece + part.slice(offset + 1)
}
