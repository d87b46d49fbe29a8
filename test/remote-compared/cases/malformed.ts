// Responses that break the rules of HTTP/1.1, or end one earlier than the next begins.

import { statusOf, takeResponse } from '../message.ts'
import { orEnding, outcomeOf, returned } from '../looks.ts'
import { get, head } from '../request.ts'
import { answer, responds, respondsAndEnds } from '../scripts.ts'
import type { CaseGroup, ComparedCase } from '../case.ts'

const OK = 'HTTP/1.1 200 OK'
const LENGTH = 'Content-Length: 2'

/** A case whose upstream answers with these bytes, and ends the connection. */
const broken = (name: string, bytes: string, rest: Partial<ComparedCase> = {}): ComparedCase => ({
  name,
  upstreams: [respondsAndEnds(bytes)],
  look: async (place) => orEnding(() => returned(get('/'), outcomeOf)(place)),
  ...rest,
})

export const malformed: CaseGroup = {
  title: 'A response that breaks the rules',
  cases: [
    broken('no status line at all', 'HELLO\r\n\r\n'),
    broken('HTTP/9.9', `${head('HTTP/9.9 200 OK', LENGTH)}ok`),
    broken('a status of four digits', `${head('HTTP/1.1 2000 OK', LENGTH)}ok`),
    broken('status 600', `${head('HTTP/1.1 600 Odd', LENGTH)}ok`),
    broken('status 099', `${head('HTTP/1.1 099 Odd', LENGTH)}ok`),
    broken('lines that end in LF alone', `${OK}\n${LENGTH}\n\nok`),
    broken('a space before the colon', `${head(OK, 'X-A : 1', LENGTH)}ok`),
    broken('a folded line', `${head(OK, 'X-A: 1', ' 2', LENGTH)}ok`),
    broken('NUL in a value', `${head(OK, 'X-A: a\0b', LENGTH)}ok`),
    broken('CR in a value', `${head(OK, 'X-A: a\rb', LENGTH)}ok`),
    broken('a line without a colon', `${head(OK, 'X-A', LENGTH)}ok`),
    broken('two different Content-Lengths', `${head(OK, LENGTH, 'Content-Length: 3')}okk`),
    broken('two equal Content-Lengths', `${head(OK, LENGTH, LENGTH)}ok`),
    broken('Content-Length: -1', `${head(OK, 'Content-Length: -1')}ok`),
    broken('Content-Length: +2', `${head(OK, 'Content-Length: +2')}ok`),
    broken(
      'Content-Length and Transfer-Encoding',
      `${head(OK, 'Content-Length: 3', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    ),
    broken('Transfer-Encoding: xchunked', `${head(OK, 'Transfer-Encoding: xchunked')}ok`),
    broken(
      'Transfer-Encoding: gzip, chunked',
      `${head(OK, 'Transfer-Encoding: gzip, chunked')}2\r\nok\r\n0\r\n\r\n`,
    ),
    broken(
      'a chunk size that is no number',
      `${head(OK, 'Transfer-Encoding: chunked')}zz\r\nok\r\n`,
    ),
    broken(
      'a chunk without its end',
      `${head(OK, 'Transfer-Encoding: chunked')}2\r\nokXX0\r\n\r\n`,
    ),
    broken('a head of 30 KiB', `${head(OK, `X-A: ${'a'.repeat(30 * 1024)}`, LENGTH)}ok`),
    broken('a head of 1 MiB', `${head(OK, `X-A: ${'a'.repeat(1024 * 1024)}`, LENGTH)}ok`),
    broken('80 fields', `${head(OK, ...numbered(80), LENGTH)}ok`),
    broken('1,000 fields', `${head(OK, ...numbered(1_000), LENGTH)}ok`),
    {
      name: 'a second answer in the bytes of the first (response splitting)',
      upstreams: [responds(answer() + answer('evil'))],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(get('/a'))
        const first = await takeResponse(wire)
        wire.send(get('/b'))
        const second = await orEnding(async () => (await takeResponse(wire)).body)
        return `${first.body}, then ${second}`
      },
    },
    {
      name: 'bytes on an idle connection, before the next request',
      upstreams: [
        async ({ wire, request, at }) => {
          await request()
          wire.send(answer())
          if (at > 0) return
          await new Promise((resolve) => setTimeout(resolve, 300))
          wire.send(answer('evil'))
          await request()
          wire.send(answer())
        },
      ],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(get('/a'))
        const first = await takeResponse(wire)
        await new Promise((resolve) => setTimeout(resolve, 800))
        wire.send(get('/b'))
        const second = await orEnding(async () => {
          const response = await takeResponse(wire)
          return statusOf(response) === 200 ? response.body : String(statusOf(response))
        })
        return `${first.body}, then ${second}`
      },
    },
  ],
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `X-${at}: 1`)
}
