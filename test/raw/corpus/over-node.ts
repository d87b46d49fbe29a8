// The cases whose outcome on the `node` engine is another one, because node:http decides it before our code. A case that
// comes out as on the native engine must not be on the list: corpus.test.ts says so.

const OTHERWISE: Array<[reason: string, cases: string[]]> = [
  [
    'llhttp reports an unknown method as it reports a malformed one: 400, where RFC 9110, 9.1 has 501',
    [
      'a method that is not registered',
      'a method in lower case',
      'a method in mixed case',
      'a method that begins like another',
      'the beginning of a method',
      'a method of all kinds of token characters',
      'a method that is longer than all',
      'a method without end',
      'the PROXY protocol, version 1',
      'the banner of SSH',
      'a body of letters that is longer than its length',
    ],
  ],
  [
    'llhttp skips any number of spaces in the request line, and reports none of them',
    ['two spaces after the method', 'two spaces after the target'],
  ],
  [
    'llhttp skips any number of CRs and LFs before a request line, and reports none of them',
    [
      'two empty lines in front',
      'an empty line of LF in front',
      'an empty line of CR in front',
      'an empty line of LF after one of CRLF',
      'two empty lines between two requests',
    ],
  ],
  [
    'llhttp waits for the fields of HTTP/0.9, and refuses a bare CR as malformed',
    ['HTTP/0.9 in one line', 'a CR in the target'],
  ],
  [
    'llhttp finds no dot in the version, and refuses it as malformed: 400 in place of 505',
    ['HTTP/2 without a minor', 'a major with a leading zero'],
  ],
  [
    'llhttp also reads RTSP/1.0 and ICE/1.0, and reports the number alone',
    ['a version of another protocol', 'a version of icecast'],
  ],
  [
    'llhttp refuses a length together with any transfer coding: 400 in place of 501',
    ['CVE-2024-1135: xchunked and a length', 'CVE-2022-32214: a letter after chunked'],
  ],
  [
    'llhttp refuses a tab after a length, which is white space (RFC 9110, 5.6.3)',
    ['a length with a tab after', 'a length with a tab between spaces', 'chunked with a tab after'],
  ],
  [
    'llhttp refuses white space in chunk extensions, which the grammar allows (RFC 9112, 7.1.1)',
    [
      'an extension with white space before the semicolon',
      'an extension with white space after the semicolon',
      'an extension with white space around the semicolon',
      'an extension with white space after the name',
      'an extension with white space before the value',
      'an extension with white space around everything',
      'an extension with white space before a quoted value',
      'an extension with white space between a name and a semicolon',
      'an extension with white space between a value and a semicolon',
      'an extension with white space between a quoted value and a semicolon',
      'an extension of the last chunk with white space',
    ],
  ],
  [
    'llhttp takes and drops chunk extensions that the grammar does not allow',
    [
      'an extension with a value without a name',
      'an extension with no value',
      'an extension with two semicolons',
      'an extension with quotes inside of a value',
    ],
  ],
  [
    'node:http bounds the extensions of a chunk, not those of a body',
    ['extensions of 17,000 bytes in many chunks'],
  ],
  [
    'llhttp counts the size of a chunk in 64 bits',
    [
      'a chunk size with seventeen digits',
      'a chunk size with 2^53',
      'a chunk size with sixteen times f',
    ],
  ],
  [
    'llhttp reads trailers as fields of a head: it acts on Connection, and refuses a length and a coding',
    [
      'the trailer Connection: close, which is dropped',
      'the trailer Content-Length: 5, which is dropped',
      'the trailer Transfer-Encoding: chunked, which is dropped',
      'a field that is no trailer after one that is',
      'CVE-2025-58068: a length as a trailer',
    ],
  ],
  ['node:http bounds the bytes of trailers, not their number', ['more than 100 trailers']],
  [
    'node:http reports a head when it is whole, and counts the bytes of its values and names alone',
    [
      'a request line of twice the limit',
      'a target without end',
      'a head one byte too long',
      'white space without end',
      'fields without end',
    ],
  ],
]

/** The reason for each of these cases, by its name. */
export const OVER_NODE: ReadonlyMap<string, string> = new Map(
  OTHERWISE.flatMap(([reason, cases]) => cases.map((name): [string, string] => [name, reason])),
)
