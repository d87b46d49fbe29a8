// Heads of the longest size that is allowed, and longer heads. The limits are the defaults: 8 KiB, 16 KiB, 100 fields.

import { DEFAULTS } from '../../../src/server/options.ts'
import { get, head, refused, taken } from './case.ts'
import type { CorpusCase } from './case.ts'

const { maxHeadBytes, maxHeaderFields, maxRequestLineBytes } = DEFAULTS
const HOST = 'Host: a.example'

/** A request line of `size` bytes, without its CRLF. */
const lineOf = (size: number): string =>
  `GET /${'a'.repeat(size - 'GET / HTTP/1.1'.length)} HTTP/1.1`

/** A head of `size` bytes in all. */
function headOf(size: number): string {
  const rest = get('A: ').length
  return get(`A: ${'b'.repeat(size - rest)}`)
}

const fields = (count: number): string[] => Array<string>(count - 1).fill('a: b')

export const limits: CorpusCase[] = [
  taken('the longest request line', head(lineOf(maxRequestLineBytes), HOST), {}),
  refused(414, 'a request line one byte too long', head(lineOf(maxRequestLineBytes + 1), HOST)),
  refused(414, 'a request line of twice the limit', head(lineOf(maxRequestLineBytes * 2), HOST)),
  refused(414, 'a target without end', `GET /${'a'.repeat(maxRequestLineBytes)}`),
  refused(
    400,
    'a request line that is bad before it is too long',
    `GET /\0${'a'.repeat(maxRequestLineBytes)}`,
  ),
  taken('the longest head', headOf(maxHeadBytes), {}),
  taken('the longest head after an empty line', `\r\n${headOf(maxHeadBytes)}`, {}),
  refused(431, 'a head one byte too long', headOf(maxHeadBytes + 1)),
  refused(431, 'a head of twice the limit', headOf(maxHeadBytes * 2)),
  refused(431, 'a value of more than a head', `GET / HTTP/1.1\r\nA: ${'b'.repeat(maxHeadBytes)}`),
  refused(431, 'a name of more than a head', `GET / HTTP/1.1\r\n${'a'.repeat(maxHeadBytes)}`),
  refused(431, 'white space without end', `GET / HTTP/1.1\r\nA:${' '.repeat(maxHeadBytes)}`),
  refused(
    400,
    'a head that is bad before it is too long',
    `GET / HTTP/1.1\r\nA: \0${'b'.repeat(maxHeadBytes)}`,
  ),
  taken(
    '[3a.16] as many fields as may be',
    head('GET / HTTP/1.1', HOST, ...fields(maxHeaderFields)),
    {},
  ),
  refused(
    431,
    '[3a.16] one field more',
    head('GET / HTTP/1.1', HOST, ...fields(maxHeaderFields + 1)),
  ),
  refused(431, 'a thousand fields', head('GET / HTTP/1.1', HOST, ...fields(1_000))),
  refused(
    431,
    'fields without end',
    ['GET / HTTP/1.1', HOST, ...fields(maxHeaderFields + 1)].join('\r\n'),
  ),
]
