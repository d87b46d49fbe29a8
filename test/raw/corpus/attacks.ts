// Published ways to make two readers of one byte stream see different requests. The cases are written from the published descriptions.

import { chunked, get, head, post, refused, taken } from './case.ts'
import type { CorpusCase } from './case.ts'

const END = '0\r\n\r\n'
const HIDDEN = 'GET /admin HTTP/1.1\r\nHost: a.example\r\n\r\n'
const te = (line: string): string => post('Content-Length: 6', line) + END + 'G'

export const attacks: CorpusCase[] = [
  refused(400, 'CL.TE', post('Content-Length: 6', 'Transfer-Encoding: chunked') + END + 'G'),
  refused(
    400,
    'TE.CL',
    post('Transfer-Encoding: chunked', 'Content-Length: 4') + `5c\r\n${HIDDEN}`,
  ),
  refused(
    400,
    'TE.TE with a field of nonsense',
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: cow') + END,
  ),
  refused(501, 'CVE-2024-1135: xchunked and a length', te('Transfer-Encoding: xchunked')),
  refused(
    400,
    'CVE-2024-6827: chunked, identity and a length',
    te('Transfer-Encoding: chunked, identity'),
  ),
  refused(400, 'CVE-2019-16785: bare LFs', 'POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello'),
  refused(
    400,
    'CVE-2019-16786: a vertical tab before chunked',
    te('Transfer-Encoding: \x0bchunked'),
  ),
  refused(400, 'CVE-2019-16789: white space before the colon', te('Transfer-Encoding : chunked')),
  refused(
    400,
    'CVE-2019-16789: a no-break space before the colon',
    te('Transfer-Encoding\xa0: chunked'),
  ),
  refused(400, 'CVE-2020-11076: LF after a header', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\n\r\n'),
  refused(
    400,
    'CVE-2020-11077: a length in two fields',
    post('Content-Length: 0', 'Content-Length: 44') + HIDDEN,
  ),
  refused(400, 'CVE-2021-22959: a space after the name', get('Content-Length : 5')),
  refused(400, 'CVE-2021-22960: a chunk extension of LF', chunked(`2;\n\r\nhi\r\n${END}`)),
  refused(400, 'CVE-2022-24761: a chunk size with 0x', chunked(`0x2\r\nhi\r\n${END}`)),
  refused(400, 'CVE-2022-24761: a length with a plus', `${post('Content-Length: +2')}hi`),
  refused(400, 'CVE-2022-24790: a length with trailing commas', `${post('Content-Length: 2,,')}hi`),
  refused(
    400,
    'CVE-2022-32213: Transfer-Encoding after a bare CR',
    te('A: b\rTransfer-Encoding: chunked'),
  ),
  refused(501, 'CVE-2022-32214: a letter after chunked', te('Transfer-Encoding: chunkedx')),
  refused(
    400,
    'CVE-2022-32215: a folded Transfer-Encoding',
    te('Transfer-Encoding: chunked\r\n , identity'),
  ),
  refused(400, 'CVE-2022-35256: a header that ends in CR', te('Transfer-Encoding: chunked\r')),
  refused(400, 'CVE-2023-30589: CR for CRLF', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\rC: d\r\n\r\n'),
  refused(400, 'CVE-2023-38697: a length in hexadecimal', `${post('Content-Length: 0x2')}hi`),
  refused(400, 'CVE-2023-38697: a chunk size with a plus', chunked(`+2\r\nhi\r\n${END}`)),
  refused(400, 'CVE-2023-38697: LF in a chunk extension', chunked(`2;a\nb\r\nhi\r\n${END}`)),
  refused(413, 'CVE-2024-22019: a chunk extension without end', chunked(`2;${'a'.repeat(20_000)}`)),
  refused(400, 'CVE-2024-27982: a space before Content-Length', get(' Content-Length: 5')),
  // The trailer is dropped: neither this request nor the next one gets a length.
  taken(
    'CVE-2025-58068: a length as a trailer',
    chunked('0\r\nContent-Length: 5\r\n\r\n') + get(),
    { method: 'POST' },
    { method: 'GET', body: '' },
  ),
  refused(
    400,
    'GHSA-hc5x: an empty length beside chunks',
    post('Content-Length:', 'Transfer-Encoding: chunked') + END,
  ),
  refused(400, 'a chunk whose end swallows a byte', chunked(`5\r\nhelloX\r\n${END}`)),
  refused(400, 'a chunk size that ends in LF', chunked(`2\nhi\r\n${END}`)),
  refused(400, 'a chunk size that ends in CR alone', chunked(`2\rXhi\r\n${END}`)),
  refused(400, 'a stack of codings', te('Transfer-Encoding: chunked, chunked')),
  refused(400, 'a coding between quotes', te('Transfer-Encoding: "chunked"')),
  refused(400, 'a header injected by NUL', get('A: b\0\r\nC: d')),
  refused(
    400,
    'CVE-2026-48710: a Host with a path',
    head('GET / HTTP/1.1', 'Host: a.example/admin?'),
  ),
  refused(
    400,
    'a Host that hides another',
    head('GET / HTTP/1.1', 'Host: a.example', ' Host: b.example'),
  ),
  refused(400, 'a request line that hides another', `GET / HTTP/1.1\nGET /admin HTTP/1.1\r\n\r\n`),
  refused(400, 'a target that hides a request', head('GET / HTTP/1.1 HTTP/1.1', 'Host: a')),
  taken('a request in a length', `${post(`Content-Length: ${HIDDEN.length}`)}${HIDDEN}`, {
    method: 'POST',
    body: HIDDEN,
  }),
  taken('a request in a chunk', chunked(`${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${END}`), {
    method: 'POST',
    body: HIDDEN,
  }),
  taken(
    'CVE-2024-45614: an underscore that would pass for a hyphen',
    get('X-Forwarded-For: a', 'X_Forwarded-For: b'),
    {
      headers: [
        ['host', 'a.example'],
        ['x-forwarded-for', 'a'],
      ],
    },
  ),
  taken('GHSA-c2f4: a quoted extension with a semicolon', chunked(`2;a=";"\r\nhi\r\n${END}`), {
    method: 'POST',
    body: 'hi',
  }),
]
