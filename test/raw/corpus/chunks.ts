// Chunked bodies: sizes, extensions, data, trailers (RFC 9112, 7.1).

import { chunked, get, refused, taken, unfinished } from './case.ts'
import type { HeaderPairs } from '../../../src/contract/events.ts'
import type { CorpusCase } from './case.ts'

const END = '0\r\n\r\n'
const body = (name: string, chunks: string, text: string): CorpusCase =>
  taken(name, chunked(chunks), { method: 'POST', body: text })
const bad = (name: string, chunks: string): CorpusCase => refused(400, name, chunked(chunks))
const hello = (extension: string): string => `5${extension}\r\nhello\r\n${END}`
const trailer = (...lines: string[]): string => `0\r\n${lines.join('\r\n')}\r\n\r\n`
const SENT: HeaderPairs = [
  ['host', 'a.example'],
  ['transfer-encoding', 'chunked'],
]
const FORBIDDEN = [
  'Authorization: Basic YTpi',
  'Connection: close',
  'Content-Encoding: gzip',
  'Content-Length: 5',
  'Content-Type: text/plain',
  'Cookie: a=b',
  'Expect: 100-continue',
  'Host: b.example',
  'Set-Cookie: a=b',
  'TE: trailers',
  'Trailer: a',
  'Transfer-Encoding: chunked',
  'Upgrade: websocket',
]

export const chunks: CorpusCase[] = [
  // Sizes.
  body('no chunk', END, ''),
  body('one chunk', hello(''), 'hello'),
  body('[3b.13] chunks', `5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n${END}`, 'hello world'),
  body('a size in small letters', `a\r\n0123456789\r\n${END}`, '0123456789'),
  body('a size in capitals', `A\r\n0123456789\r\n${END}`, '0123456789'),
  body('a size of two digits', `10\r\n0123456789abcdef\r\n${END}`, '0123456789abcdef'),
  body('a size with leading zeros', `0005\r\nhello\r\n${END}`, 'hello'),
  body('a size of sixteen digits', `0000000000000005\r\nhello\r\n${END}`, 'hello'),
  body('a last chunk of many zeros', `5\r\nhello\r\n0000\r\n\r\n`, 'hello'),
  body('data of CRLFs', `4\r\n\r\n\r\n\r\n${END}`, '\r\n\r\n'),
  body('data that looks like the end', `5\r\n0\r\n\r\n\r\n${END}`, END),
  body('data of NULs', `2\r\n\0\0\r\n${END}`, '\0\0'),
  ...[
    ['no size', '\r\nhello\r\n'],
    ['a sign', '+5\r\nhello\r\n'],
    ['a minus', '-5\r\nhello\r\n'],
    ['0x', '0x5\r\nhello\r\n'],
    ['0X', '0X5\r\nhello\r\n'],
    ['a letter that is no digit', '5g\r\nhello\r\n'],
    ['a letter h', '5h\r\nhello\r\n'],
    ['a space in front', ' 5\r\nhello\r\n'],
    ['a tab in front', '\t5\r\nhello\r\n'],
    ['a space after', '5 \r\nhello\r\n'],
    ['a tab after', '5\t\r\nhello\r\n'],
    ['a space inside', '0 5\r\nhello\r\n'],
    ['an underscore', '1_0\r\n0123456789abcdef\r\n'],
    ['a point', '5.0\r\nhello\r\n'],
    ['a comma', '5,5\r\nhello\r\n'],
    ['quotes', '"5"\r\nhello\r\n'],
    ['NUL', '5\0\r\nhello\r\n'],
    ['latin-1', '\xb2\r\nhe\r\n'],
    ['seventeen digits', '00000000000000005\r\nhello\r\n'],
    ['2^53', '20000000000000\r\nhello'],
    ['2^64', '10000000000000000\r\nhello'],
    ['2^64 + 5', '10000000000000005\r\nhello'],
    ['sixteen times f', 'ffffffffffffffff\r\nhello'],
    ['a bare LF', '5\nhello\r\n'],
    ['a bare CR', '5\rhello\r\n'],
    ['two CRs', '5\r\r\nhello\r\n'],
    ['LF CR', '5\n\rhello\r\n'],
  ].map(([name, text]) => bad(`a chunk size with ${name}`, `${text}${END}`)),
  unfinished('a chunk of 2^53-1 bytes', chunked('1fffffffffffff\r\nhello')),
  unfinished('a chunk cut short', chunked('5\r\nhell')),
  unfinished('a size without end', chunked('5')),

  // Data.
  bad('data that is longer than its size', `4\r\nhello\r\n${END}`),
  bad('data that is shorter than its size', `6\r\nhello\r\n${END}`),
  bad('data without CRLF', `5\r\nhello${END}`),
  bad('data with a bare LF after', `5\r\nhello\n${END}`),
  bad('data with a bare CR after', `5\r\nhello\r${END}`),
  bad('data with two bytes of anything after', `5\r\nhelloXX${END}`),
  bad('data with CR and anything after', `5\r\nhello\rX${END}`),
  bad('data with LF CR after', `5\r\nhello\n\r${END}`),
  bad('an empty line between chunks', `5\r\nhello\r\n\r\n${END}`),

  // Extensions: checked, and dropped.
  body('an extension', hello(';a'), 'hello'),
  body('an extension with a value', hello(';a=b'), 'hello'),
  body('extensions', hello(';a=b;c;d=e'), 'hello'),
  body('an extension with a quoted value', hello(';a="b c"'), 'hello'),
  body('an extension with an empty quoted value', hello(';a=""'), 'hello'),
  body('an extension with quoted pairs', hello(';a="b\\"c\\\\"'), 'hello'),
  body('an extension with a quoted semicolon', hello(';a=";b=c"'), 'hello'),
  // RFC 9112, 7.1.1: BWS stands around ';' and '='.
  ...[
    ['before the semicolon', ' ;a'],
    ['after the semicolon', '; a=b'],
    ['around the semicolon', ' \t ; \t a'],
    ['after the name', ';a =b'],
    ['before the value', ';a= b'],
    ['around everything', ' ; a = b ; c\t=\t"d ;e" ; f'],
    ['before a quoted value', ';a= "b"'],
    ['between a name and a semicolon', ';a ;b'],
    ['between a value and a semicolon', ';a=b\t;c'],
    ['between a quoted value and a semicolon', ';a="b" ;c'],
  ].map(([name, text]) =>
    body(`an extension with white space ${name}`, hello(text ?? ''), 'hello'),
  ),
  body('an extension of the last chunk with white space', '0 ; a = b\r\n\r\n', ''),
  body('an extension of the last chunk', '0;a=b\r\n\r\n', ''),
  ...[
    ['no name', ';'],
    ['a value without a name', ';=b'],
    ['no value', ';a='],
    ['two semicolons', ';;a'],
    ['a semicolon at the end', ';a;'],
    ['a space after the value', ';a=b '],
    ['a tab after the quoted value', ';a="b"\t'],
    ['a space at the end', ';a '],
    ['white space alone', '; '],
    ['white space for a value', ';a= '],
    ['two names', ';a b'],
    ['two values', ';a=b c'],
    ['a bare LF after white space', ';a \n'],
    ['a bare CR after white space', ' \r;a'],
    ['a second equals sign', ';a=b=c'],
    ['a bare LF', ';a\n'],
    ['a bare LF in quotes', ';a="b\nc"'],
    ['a bare LF in a quoted pair', ';a="b\\\nc"'],
    ['a bare CR', ';a\r;b'],
    ['a bare CR in quotes', ';a="b\rc"'],
    ['CRLF in quotes', ';a="b\r\nc"'],
    ['NUL', ';a\0'],
    ['NUL in quotes', ';a="\0"'],
    ['DEL in quotes', ';a="\x7f"'],
    ['latin-1 in a name', ';caf\xe9'],
    ['a quoted name', ';"a"=b'],
    ['something after the quotes', ';a="b"c'],
    ['quotes inside of a value', ';a=b"c"'],
    ['a slash', ';a/b'],
  ].map(([name, text]) => bad(`an extension with ${name}`, hello(text ?? ''))),
  refused(413, 'an extension of 17,000 bytes', chunked(hello(`;${'a'.repeat(17_000)}`))),
  refused(413, 'an extension without end', chunked(`5;${'a'.repeat(17_000)}`)),
  refused(
    413,
    'extensions of 17,000 bytes in many chunks',
    chunked(`1;${'a'.repeat(169)}\r\nx\r\n`.repeat(100) + END),
  ),

  // Trailers.
  taken('a trailer', chunked(trailer('A: b')), { method: 'POST' }),
  taken('trailers', chunked(trailer('A: b', 'C:d ', 'A: e')), { method: 'POST' }),
  taken('a trailer after data', chunked('5\r\nhello\r\n0\r\nA: b\r\n\r\n'), {
    method: 'POST',
    body: 'hello',
  }),
  // RFC 9110, 6.5.1: a field that is no trailer is dropped. It changes neither this request nor the next.
  ...[...FORBIDDEN, 'hOsT: a'].map((line) =>
    taken(
      `the trailer ${line}, which is dropped`,
      chunked(`5\r\nhello\r\n${trailer(line)}`) + get(),
      { method: 'POST', body: 'hello', headers: SENT, keepAlive: true },
      { headers: [['host', 'a.example']] },
    ),
  ),
  taken(
    'a field that is no trailer after one that is',
    chunked(trailer('A: b', 'Content-Length: 5')),
    { method: 'POST' },
  ),
  ...[
    ['no colon', 'nothing'],
    ['no name', ': b'],
    ['a space before the colon', 'A : b'],
    ['a space in front', ' A: b'],
    ['a bare LF', 'A: b\nC: d'],
    ['a bare CR', 'A: b\rC: d'],
    ['NUL', 'A: \0'],
    ['DEL', 'A: \x7f'],
    ['latin-1 in its name', 'caf\xe9: b'],
  ].map(([name, line]) => bad(`a trailer with ${name}`, trailer(line ?? ''))),
  bad('a folded trailer', trailer('A: b', ' c')),
  bad('a bare LF after the last chunk', '0\n\r\n'),
  bad('a bare LF for the last empty line', '0\r\n\n'),
  bad('a bare CR for the last empty line', '0\r\n\rX'),
  bad('data after the last chunk', '0\r\nhello\r\n\r\n'),
  refused(431, 'more than 100 trailers', chunked(trailer(...Array<string>(101).fill('a: b')))),
  refused(431, 'a trailer of 17,000 bytes', chunked(trailer(`a: ${'b'.repeat(17_000)}`))),
  taken('a hundred trailers', chunked(trailer(...Array<string>(100).fill('a: b'))), {
    method: 'POST',
  }),
]
