// Field lines (RFC 9112, 5; RFC 9110, 5.1 and 5.5).

import { get, head, refused, taken, unfinished } from './case.ts'
import type { CorpusCase } from './case.ts'

const HOST: [string, string] = ['host', 'a.example']
const with_ = (name: string, line: string, field: [string, string]): CorpusCase =>
  taken(name, get(line), { headers: [HOST, field] })
const hex = (octet: number): string => `0x${octet.toString(16).padStart(2, '0')}`
const octets = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const CONTROLS = [...octets(0x00, 0x08), ...octets(0x0b, 0x0c), ...octets(0x0e, 0x1f), 0x7f]
const SEPARATORS = '"(),/;<=>?@[\\]{}'.split('')

export const fields: CorpusCase[] = [
  // Names.
  with_('a name in capitals', 'ABC: d', ['abc', 'd']),
  with_('a name in mixed case', 'aBc-DeF: d', ['abc-def', 'd']),
  with_('a name of one letter', 'x: d', ['x', 'd']),
  with_('a name of digits', '123: d', ['123', 'd']),
  with_('a name of hyphens', '---: d', ['---', 'd']),
  with_('a name of all other token characters', "!#$%&'*+.^`|~: d", ["!#$%&'*+.^`|~", 'd']),
  with_('a name that begins like Host', 'Hos: d', ['hos', 'd']),
  with_('a name that continues Host', 'Hosts: d', ['hosts', 'd']),
  with_('a name as long as Content-Length', 'Content-Lengtx: d', ['content-lengtx', 'd']),
  with_('a name with the case bits of another', 'X-Real\x0dIP: d'.replace('\r', '.'), [
    'x-real.ip',
    'd',
  ]),
  with_('__proto__ in another spelling', '--proto--: d', ['--proto--', 'd']),
  with_('constructor', 'constructor: d', ['constructor', 'd']),
  refused(400, 'a space before the colon', get('A : b')),
  refused(400, 'a tab before the colon', get('A\t: b')),
  refused(400, 'a space before the colon of Content-Length', get('Content-Length : 5')),
  refused(400, 'a space before the colon of Host', head('GET / HTTP/1.1', 'Host : a')),
  refused(400, 'a space in a name', get('A B: c')),
  refused(400, 'an empty name', get(': b')),
  refused(400, 'a colon alone', get(':')),
  refused(400, 'a name without a colon', get('nothing')),
  refused(400, 'a value without a name', get('= b')),
  refused(400, 'latin-1 in a name', get('caf\xe9: b')),
  refused(400, 'a no-break space in a name', get('A\xa0: b')),
  refused(400, 'a control above ASCII in a name', get('A\x85: b')),
  ...SEPARATORS.map((text) => refused(400, `${text} in a name`, get(`A${text}B: c`))),
  ...CONTROLS.map((octet) =>
    refused(400, `${hex(octet)} in a name`, get(`A${String.fromCharCode(octet)}B: c`)),
  ),

  // Values.
  with_('an empty value', 'A:', ['a', '']),
  with_('a value of white space', 'A: \t \t', ['a', '']),
  with_('a value without white space', 'A:b', ['a', 'b']),
  with_('white space around a value', 'A:\t b \t', ['a', 'b']),
  with_('white space in a value', 'A: b \t c', ['a', 'b \t c']),
  with_('a colon in a value', 'A: b: c', ['a', 'b: c']),
  with_('a value of a colon', 'A::', ['a', ':']),
  with_('quotes in a value', 'A: "b\\"c"', ['a', '"b\\"c"']),
  with_('all printable ASCII', `A: ${String.fromCharCode(...octets(0x21, 0x7e))}`, [
    'a',
    String.fromCharCode(...octets(0x21, 0x7e)),
  ]),
  with_('all obs-text', `A: ${String.fromCharCode(...octets(0x80, 0xff))}`, [
    'a',
    String.fromCharCode(...octets(0x80, 0xff)),
  ]),
  with_('a no-break space around a value, which is no white space', 'A:\xa0b\xa0', [
    'a',
    '\xa0b\xa0',
  ]),
  with_('UTF-8 as the bytes that it is', 'A: \xe2\x82\xac', ['a', '\xe2\x82\xac']),
  with_('a list', 'Accept: a, b;q=0.5', ['accept', 'a, b;q=0.5']),
  ...CONTROLS.map((octet) =>
    refused(400, `${hex(octet)} in a value`, get(`A: b${String.fromCharCode(octet)}c`)),
  ),
  refused(400, 'NUL at the beginning of a value', get('A:\0b')),
  refused(400, 'NUL at the end of a value', get('A: b\0')),
  refused(400, 'DEL at the end of a value', get('A: b\x7f')),

  // Order and repetition.
  taken('[3b.9] fields in their order, repeated ones too', get('B: 1', 'A: 2', 'B: 3', 'b: 1'), {
    headers: [HOST, ['b', '1'], ['a', '2'], ['b', '3'], ['b', '1']],
  }),
  taken('Cookie twice', get('Cookie: a=b', 'Cookie: c=d'), {
    headers: [HOST, ['cookie', 'a=b'], ['cookie', 'c=d']],
  }),
  taken('[3a.15] an underscore, whose field is dropped', get('X_Forwarded_For: a', 'B: c'), {
    headers: [HOST, ['b', 'c']],
  }),
  taken('__proto__, which has underscores', get('__proto__: a'), { headers: [HOST] }),
  taken('Content_Length, which is no length', get('Content_Length: 5'), { headers: [HOST] }),

  // Line ends (RFC 9112, 2.2) and folding (5.2).
  refused(400, 'a bare LF after a value', 'GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n'),
  refused(400, 'a bare LF after the last value', 'GET / HTTP/1.1\r\nHost: a\n\r\n'),
  refused(400, 'a bare LF for the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n'),
  refused(400, 'LF, CR, LF at the end', 'GET / HTTP/1.1\r\nHost: a\n\r\n'),
  refused(400, 'a bare CR in a value', get('A: b\rc')),
  refused(400, 'a bare CR at the beginning of a value', get('A:\rb')),
  refused(400, 'two CRs after a value', get('A: b\r')),
  refused(400, 'a bare CR for the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\rA: b\r\n\r\n'),
  refused(400, 'a bare CR in a name', get('A\rB: c')),
  refused(400, 'a bare LF in a name', get('A\nB: c')),
  refused(400, 'a field smuggled after a bare LF', get('A: b\nContent-Length: 5')),
  refused(400, 'a field smuggled after a bare CR', get('A: b\rContent-Length: 5')),
  refused(400, 'a folded value', get('A: b', ' c')),
  refused(400, 'a value folded with a tab', get('A: b', '\tc')),
  refused(400, 'an empty fold', get('A: b', ' ')),
  refused(400, 'a folded Transfer-Encoding', get('Transfer-Encoding:', ' chunked')),
  refused(400, 'a fold before the first field', head('GET / HTTP/1.1', ' Host: a')),
  refused(400, 'a fold that looks like a field', get('A: b', ' Host: c')),
  unfinished('a head without its last LF', 'GET / HTTP/1.1\r\nHost: a\r\n\r'),
  unfinished('a head without its empty line', 'GET / HTTP/1.1\r\nHost: a\r\n'),
  unfinished('a value without end', 'GET / HTTP/1.1\r\nHost: a'),
  unfinished('a name without end', 'GET / HTTP/1.1\r\nHo'),
]
