// Sequences of requests on one connection (RFC 9112, 9.3), and the requests that end the connection.

import { chunked, get, head, post, taken, unfinished } from './case.ts'
import type { CorpusCase, ExpectedRequest } from './case.ts'

const hello = `${post('Content-Length: 5')}hello`
const chunks = chunked('5\r\nhello\r\n0\r\n\r\n')
const HELLO: ExpectedRequest = { method: 'POST', body: 'hello' }

/** These requests, then a refusal with `status`. */
function thenRefused(
  status: number,
  name: string,
  bytes: string,
  ...requests: ExpectedRequest[]
): CorpusCase {
  return { name, bytes, requests, then: status }
}

export const sequences: CorpusCase[] = [
  taken('the same request twice', get() + get(), {}, {}),
  taken('the same request five times', get('A: b').repeat(5), {}, {}, {}, {}, {}),
  taken(
    'requests of the same length that differ in one byte',
    get('A: b') + get('A: c') + get('A: b'),
    ...['b', 'c', 'b'].map((value): ExpectedRequest => ({
      headers: [
        ['host', 'a.example'],
        ['a', value],
      ],
    })),
  ),
  taken(
    'a request that begins like the one before',
    head('GET /a HTTP/1.1', 'Host: a') + head('GET /a HTTP/1.1', 'Host: a', 'B: c'),
    { target: '/a', headers: [['host', 'a']] },
    {
      target: '/a',
      headers: [
        ['host', 'a'],
        ['b', 'c'],
      ],
    },
  ),
  taken('a body, then a request', hello + get(), HELLO, {}),
  taken('the same body twice', hello + hello, HELLO, HELLO),
  taken('chunks, then a request', chunks + get(), HELLO, {}),
  taken('the same chunks twice', chunks + chunks, HELLO, HELLO),
  taken(
    'trailers, then a request without any',
    chunked('0\r\nA: b\r\n\r\n') + chunks,
    { method: 'POST' },
    HELLO,
  ),
  taken('an empty line between two requests', `${get()}\r\n${get()}`, {}, {}),
  taken('an empty line after a body', `${hello}\r\n${get()}`, HELLO, {}),
  taken(
    'HTTP/1.0 with keep-alive, then a request',
    head('GET / HTTP/1.0', 'Connection: keep-alive') + get(),
    { httpVersion: '1.0' },
    {},
  ),
  taken(
    'an upgrade that is a request as any other',
    get('Connection: upgrade', 'Upgrade: a') + get(),
    { upgrade: 'a' },
    {},
  ),
  unfinished('a request, and half of the next', `${get()}GET / HT`, {}),
  unfinished('a request, and half of the next that begins alike', get() + get().slice(0, -2), {}),
  thenRefused(400, 'two empty lines between two requests', `${get()}\r\n\r\n${get()}`, {}),
  thenRefused(400, 'a request, and garbage', `${get()}\x16\x03\x01`, {}),
  thenRefused(400, 'a request, and a bad one', get() + get('A : b'), {}),
  thenRefused(
    400,
    'a body that is longer than its length',
    `${post('Content-Length: 4')}hell{"a":1}`,
    { method: 'POST', body: 'hell' },
  ),
  thenRefused(
    501,
    'a body of letters that is longer than its length',
    `${post('Content-Length: 4')}hello / HTTP/1.1\r\n`,
    { method: 'POST', body: 'hell' },
  ),
  thenRefused(400, 'a request, and garbage after its last chunk', `${chunks}{"a":1}`, HELLO),

  // GHSA-9298-4cf8-g4wj: nothing is parsed after the last request.
  taken('a request after one that closes', get('Connection: close') + get(), { keepAlive: false }),
  taken('garbage after one that closes', `${get('Connection: close')}\0\0`, { keepAlive: false }),
  taken('a request after HTTP/1.0', head('GET / HTTP/1.0') + get(), { httpVersion: '1.0' }),
  taken(
    'a request after a body that closes',
    `${post('Connection: close', 'Content-Length: 5')}hello${get()}`,
    { ...HELLO, keepAlive: false },
  ),
]
