// Content-Length and Transfer-Encoding: where the body ends (RFC 9112, 6.1 to 6.3).

import { get, head, post, refused, taken, unfinished } from './case.ts'
import type { CorpusCase } from './case.ts'

const CHUNKED = 'Transfer-Encoding: chunked'
const EMPTY = '0\r\n\r\n'
const length = (value: string): string => post(`Content-Length: ${value}`)
const coding = (value: string): string => `${post(`Transfer-Encoding: ${value}`)}${EMPTY}`
const body = (name: string, bytes: string, text: string): CorpusCase =>
  taken(name, bytes, { method: 'POST', body: text })

export const lengths: CorpusCase[] = [
  // No body.
  taken('GET without framing', get(), { body: '' }),
  taken('POST without framing', post(), { method: 'POST', body: '' }),
  body('a length of 0', length('0'), ''),
  body('a length of 00', length('00'), ''),

  // A length.
  body('a length of 1', `${length('1')}a`, 'a'),
  body('a length of 10', `${length('10')}0123456789`, '0123456789'),
  body('a length with leading zeros', `${length('0005')}hello`, 'hello'),
  body('a length of sixteen digits', `${length('0000000000000005')}hello`, 'hello'),
  body('a length in spaces', `${post('Content-Length:  5  ')}hello`, 'hello'),
  body('a length in capitals', `${post('CONTENT-LENGTH: 5')}hello`, 'hello'),
  body('a body of CRLFs', `${length('4')}\r\n\r\n`, '\r\n\r\n'),
  body(
    'a body that looks like a head',
    `${length('18')}GET / HTTP/1.1\r\n\r\n`,
    'GET / HTTP/1.1\r\n\r\n',
  ),
  body('a body of NULs', `${length('3')}\0\0\0`, '\0\0\0'),
  body('a body of all the high octets', `${length('4')}\x80\xa0\xfe\xff`, '\x80\xa0\xfe\xff'),
  taken('a body after GET', `${get('Content-Length: 5')}hello`, { method: 'GET', body: 'hello' }),
  taken('a body after HEAD', `${head('HEAD / HTTP/1.1', 'Host: a', 'Content-Length: 2')}ab`, {
    method: 'HEAD',
    body: 'ab',
  }),
  taken('a body in HTTP/1.0', `${head('POST / HTTP/1.0', 'Content-Length: 2')}ab`, {
    method: 'POST',
    body: 'ab',
  }),
  unfinished('a body cut short', `${length('5')}hell`),
  unfinished('a body that does not begin', length('5')),
  unfinished('a length of 2^53-1', `${length('9007199254740991')}a`),

  // Values that are no length (CVE-2023-38697, CVE-2022-24761 …).
  ...[
    ['a sign', '+5'],
    ['a minus', '-5'],
    ['minus zero', '-0'],
    ['hexadecimal', '0x5'],
    ['hexadecimal digits', '5a'],
    ['octal', '0o5'],
    ['binary', '0b1'],
    ['an exponent', '5e0'],
    ['a point', '5.0'],
    ['a comma', '5,'],
    ['a leading comma', ',5'],
    ['a list', '5, 5'],
    ['a list without white space', '5,5'],
    ['a list of two lengths', '5, 6'],
    ['a space inside', '1 0'],
    ['a tab inside', '1\t0'],
    ['an underscore', '1_0'],
    ['a suffix', '5 bytes'],
    ['a semicolon', '5;'],
    ['quotes', '"5"'],
    ['a no-break space', '\xa05'],
    ['a superscript', '\xb2'],
    ['UTF-8 digits', '\xef\xbc\x95'],
    ['a word', 'five'],
    ['chunked', 'chunked'],
    ['Infinity', 'Infinity'],
    ['NaN', 'NaN'],
    ['2^53', '9007199254740992'],
    ['sixteen nines', '9999999999999999'],
    ['2^63', '9223372036854775808'],
    ['2^64', '18446744073709551616'],
    ['2^64 + 5', '18446744073709551621'],
    ['2^32 + 5 in many digits', '000000000004294967301'],
    ['a hundred digits', '9'.repeat(100)],
  ].map(([name, value]) => refused(400, `a length with ${name}`, `${length(value ?? '')}hello`)),
  body('a length with a tab after', `${length('5\t')}hello`, 'hello'),
  body('a length with a tab in front', `${length('\t5')}hello`, 'hello'),
  body('a length with a tab between spaces', `${length('5 \t ')}hello`, 'hello'),
  body('chunked with a tab after', coding('chunked\t'), ''),
  body('chunked with a tab in front', coding('\tchunked'), ''),
  refused(400, 'a length with tabs around and inside', length('\t1\t0\t')),
  refused(400, 'an empty length', post('Content-Length:')),
  refused(400, 'a length of white space', post('Content-Length: \t ')),
  refused(400, 'a length twice', `${post('Content-Length: 5', 'Content-Length: 5')}hello`),
  refused(400, 'two lengths', `${post('Content-Length: 5', 'Content-Length: 6')}hello`),
  refused(400, 'a length and an empty one', `${post('Content-Length: 5', 'Content-Length:')}hello`),
  refused(400, 'a length twice in different case', post('content-length: 0', 'CONTENT-LENGTH: 0')),
  refused(400, 'two lengths far apart', post('Content-Length: 5', 'A: b', 'Content-Length: 0')),
  refused(400, 'a bad length in HTTP/1.0', head('POST / HTTP/1.0', 'Content-Length: x')),

  // Chunks.
  body('chunked', `${post(CHUNKED)}5\r\nhello\r\n${EMPTY}`, 'hello'),
  body('Chunked', coding('Chunked'), ''),
  body('CHUNKED', coding('CHUNKED'), ''),
  body('chunked in spaces', coding('  chunked  '), ''),
  taken('chunks after GET', `${get(CHUNKED)}2\r\nab\r\n${EMPTY}`, { method: 'GET', body: 'ab' }),
  unfinished('chunks that do not begin', post(CHUNKED)),
  unfinished('chunks that do not end', `${post(CHUNKED)}5\r\nhello\r\n`),
  unfinished('chunks without their last empty line', `${post(CHUNKED)}5\r\nhello\r\n0\r\n`),

  // Codings that the server does not understand, and codings that leave the end of the body in doubt (CVE-2024-1135, CVE-2024-6827).
  ...['gzip', 'identity', 'xchunked', 'chunkedx', 'chunke', 'gzip, chunked', 'a-chunked'].map(
    (value) => refused(501, `the coding ${value}`, coding(value)),
  ),
  ...[
    ['nothing', ''],
    ['chunked twice', 'chunked, chunked'],
    ['chunked not last', 'chunked, gzip'],
    ['chunked not last, in capitals', 'CHUNKED , gzip'],
    ['an empty member after', 'chunked,'],
    ['an empty member in front', ', chunked'],
    ['a parameter', 'chunked;a=b'],
    ['a semicolon', 'chunked;'],
    ['a space inside', 'chun ked'],
    ['a space for a comma', 'gzip chunked'],
    ['quotes', '"chunked"'],
    ['single quotes', "'chunked' x"],
    ['brackets', '[chunked]'],
    ['an equals sign', 'chunked=1'],
    ['a no-break space', 'chunked\xa0'],
    ['a no-break space in front', '\xa0chunked'],
    ['a next line', '\x85chunked'],
    ['latin-1', 'chunk\xe9d'],
    ['a slash', 'chunked/1'],
    ['a colon', ':chunked'],
  ].map(([name, value]) => refused(400, `a coding with ${name}`, coding(value ?? ''))),
  refused(400, 'a coding with NUL', coding('chunked\0')),
  refused(400, 'a coding with a vertical tab', coding('\x0bchunked')),
  refused(400, 'a coding with a form feed', coding('chunked\x0c')),
  refused(400, 'chunked in two fields', `${post(CHUNKED, CHUNKED)}${EMPTY}`),
  refused(
    400,
    'gzip and chunked in two fields',
    `${post('Transfer-Encoding: gzip', CHUNKED)}${EMPTY}`,
  ),
  refused(
    400,
    'chunked and gzip in two fields',
    `${post(CHUNKED, 'Transfer-Encoding: gzip')}${EMPTY}`,
  ),
  refused(400, 'chunked and an empty field', `${post(CHUNKED, 'Transfer-Encoding:')}${EMPTY}`),
  refused(400, 'chunked in HTTP/1.0', head('POST / HTTP/1.0', CHUNKED) + EMPTY),
  refused(400, 'gzip in HTTP/1.0', head('POST / HTTP/1.0', 'Transfer-Encoding: gzip')),
  refused(
    400,
    'a space before the colon of Transfer-Encoding',
    post('Transfer-Encoding : chunked'),
  ),
  taken('Transfer_Encoding, which is no coding', post('Transfer_Encoding: chunked'), {
    method: 'POST',
  }),
  taken('X-Transfer-Encoding', post('X-Transfer-Encoding: chunked'), { method: 'POST' }),
  taken('TE: chunked, which is no coding of this body', post('TE: chunked'), { method: 'POST' }),

  // Both.
  refused(400, 'a length and chunks', `${post('Content-Length: 5', CHUNKED)}${EMPTY}`),
  refused(400, 'chunks and a length', `${post(CHUNKED, 'Content-Length: 5')}${EMPTY}`),
  refused(400, 'a length of 0 and chunks', `${post('Content-Length: 0', CHUNKED)}${EMPTY}`),
  refused(400, 'a bad length and chunks', `${post('Content-Length: x', CHUNKED)}${EMPTY}`),
  refused(
    400,
    'a length and CHUNKED',
    `${post('Content-Length: 5', 'Transfer-Encoding: CHUNKED')}${EMPTY}`,
  ),
  refused(
    400,
    'a length and chunks in HTTP/1.0',
    head('POST / HTTP/1.0', CHUNKED, 'Content-Length: 5'),
  ),
]
