// Any valid request that is written, and read again in any pieces, stays the same request.

import fc from 'fast-check'
import { METHODS } from 'node:http'
import { expect, it } from 'vitest'
import { cut, readPieces, single } from './read-requests.ts'
import type { HeaderPairs } from '../../../../src/contract/events.ts'

interface Sent {
  method: string
  target: string
  fields: HeaderPairs
  body: Uint8Array
  /** The sizes of the chunks; null for a body with a length. */
  chunkSizes: number[] | null
  trailers: HeaderPairs
}

const TCHAR = "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
const PCHAR = "/abcxyzABCXYZ0189-._~!$&'()*+,;=:@%20"
const octets = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index))
const characters = (members: readonly string[], minLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...members), minLength, maxLength: 20 })

const name = characters(TCHAR.split(''), 1).map((text) => `x-${text}`)
const value = characters(['\t', ...octets(0x20, 0x7e), ...octets(0x80, 0xff)], 0).map((text) =>
  text.replace(/^[\t ]+|[\t ]+$/g, ''),
)
const fields = fc.array(fc.tuple(name, value), { maxLength: 8 })
const target = fc
  .tuple(characters(PCHAR.split(''), 0), fc.option(characters(PCHAR.split(''), 0)))
  .map(([path, query]) => `/${path.replaceAll('%', '%4')}${query === null ? '' : `?${query}`}`)

const request: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom(...METHODS.filter((method) => method !== 'CONNECT')),
  target,
  fields,
  body: fc.uint8Array({ maxLength: 60 }),
  chunkSizes: fc.option(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 })),
  trailers: fields,
})
const space = fc.constantFrom('', ' ', '\t', '  ')

it('a request is read as it was written, in any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 1, maxLength: 3 }),
      space,
      fc.array(fc.nat({ max: 2_000 }), { maxLength: 5 }),
      (requests, space, offsets) => {
        const bytes = Buffer.concat(requests.map((sent) => encoded(sent, space)))
        const sorted = offsets.map((at) => at % bytes.length).toSorted((a, b) => a - b)
        const expected = requests.map(expectedOf)

        for (const pieces of [[bytes], single(bytes), cut(bytes, sorted)]) {
          const { requests: read, then } = readPieces(pieces)
          expect(then).toBe('nothing')
          expect(
            read.map(({ method, target, sentHeaders, body }) => {
              return { method, target, headers: sentHeaders, body }
            }),
          ).toEqual(expected)
        }
      },
    ),
    { numRuns: 1_000, seed: 9112 },
  )
})

function encoded({ method, target, ...rest }: Sent, space: string): Buffer {
  const { fields, chunkSizes, body, trailers } = rest
  const framing: HeaderPairs =
    chunkSizes === null
      ? [['Content-Length', String(body.length)]]
      : [['Transfer-Encoding', 'chunked']]
  const lines = (pairs: HeaderPairs, around: string): string =>
    pairs.map(([name, value]) => `${name}:${around}${value}${around}\r\n`).join('')
  const head = `${method} ${target} HTTP/1.1\r\nHost: a\r\n${lines(fields, space)}${lines(framing, ' ')}\r\n`
  const content =
    chunkSizes === null
      ? Buffer.from(body)
      : Buffer.concat([
          ...chunksOf(Buffer.from(body), chunkSizes),
          Buffer.from(`0\r\n${lines(trailers, space)}\r\n`, 'latin1'),
        ])
  return Buffer.concat([Buffer.from(head, 'latin1'), content])
}

function chunksOf(body: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length;) {
    const size = sizes[chunks.length % sizes.length] ?? 1
    const data = body.subarray(at, at + size)
    chunks.push(
      Buffer.from(`${data.length.toString(16)}\r\n${data.toString('latin1')}\r\n`, 'latin1'),
    )
    at += size
  }
  return chunks
}

function expectedOf({ method, target, fields, body, chunkSizes }: Sent): object {
  const framing: [string, string] =
    chunkSizes === null ? ['content-length', String(body.length)] : ['transfer-encoding', 'chunked']
  return {
    method,
    target,
    headers: [['host', 'a'], ...lowered(fields), framing],
    body: Buffer.from(body).toString('latin1'),
  }
}

function lowered(pairs: HeaderPairs): HeaderPairs {
  return pairs.map(([name, value]) => [name.toLowerCase(), value])
}
