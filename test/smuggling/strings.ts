// Bytes that hide a request for /hidden from one reader, and show it to another. The front may refuse them, or take them
// as one request; a request for /hidden never arrives. Requests for /second are legal, and arrive.

/** Bytes of a client. */
export interface Smuggled {
  name: string
  bytes: string
  /** The targets that arrive at most, in their order. */
  targets: readonly string[]
}

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\nX-Hidden: 1\r\n\r\n'
const CHUNKED = 'Transfer-Encoding: chunked'
const END = '0\r\n\r\n'

function head(line: string, ...fields: string[]): string {
  return `${[line, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`
}

function post(...fields: string[]): string {
  return head('POST /outer HTTP/1.1', ...fields)
}

function one(name: string, bytes: string): Smuggled {
  return { name: `${name}: ${JSON.stringify(bytes).slice(0, 100)}`, bytes, targets: ['/outer'] }
}

const CODINGS = [
  'chunked', 'Chunked', 'CHUNKED', ' chunked', 'chunked ', '\tchunked', 'chunked\t', '"chunked"', "'chunked'", 'xchunked',
  'chunkedx', 'chunked, identity', 'identity, chunked', 'chunked, chunked', 'gzip, chunked', 'chunked, gzip', 'identity',
  'identity;q=1', 'chunked;q=0.5', 'chunked;', ';chunked', ',chunked', 'chunked,', ', chunked', 'chunk', 'cow', '', ',',
  '\x0bchunked', '\x0cchunked', 'chunked\x0b', 'chunked\x00', '\x00chunked', 'chunked\x1f', '\xa0chunked', 'chunked\x85',
  'chun\tked', 'chunked\r', 'chunked\r\n x', '\r\n chunked', '\r\n\tchunked', 'chunked\n', '\nchunked',
  'chunked\r\nTransfer-Encoding: cow', 'cow\r\nTransfer-Encoding: chunked', 'identity\r\nTransfer-Encoding: chunked',
] // prettier-ignore

const NAMES = [
  'Transfer-Encoding ', 'Transfer-Encoding\t', ' Transfer-Encoding', '\tTransfer-Encoding', 'Transfer_Encoding',
  'Transfer-Encoding\x0b', 'Transfer-Encoding\x00', '\x00Transfer-Encoding', 'Transfer\xadEncoding', 'Transfer Encoding',
  'TRANSFER-ENCODING', 'transfer-encoding', 'X:\nTransfer-Encoding', 'X:\rTransfer-Encoding', 'X:a\r\rTransfer-Encoding',
  'X: a\n\rTransfer-Encoding', '"Transfer-Encoding"', 'Transfer-Encoding:', 'Transfer.Encoding', 'Transfer--Encoding',
] // prettier-ignore

const LENGTHS = [
  '+0', '-0', '0x0', '0;', '0,', ',0', '0, 0', '0,N', 'N,0', 'N, N', '0 N', 'N 0', '0\x0b',
  '\x0b0', '0\x00', '\x000', '0.0', '0e0', '1_0', '\xb2', '', 'N\r\nContent-Length: 0', '0\r\nContent-Length: N',
  'N\r\nContent-Length: N', '0\r\n N', '\r\n 0', '0\nX: 1', '0\rX: 1', '18446744073709551616', '99999999999999999999', 'null',
] // prettier-ignore

const LENGTH_NAMES = [
  'Content-Length ', ' Content-Length', 'Content_Length', 'Content-Length\x00', 'Content-Length\x0b', 'Content Length',
  'Content.Length', 'CONTENT_LENGTH', 'content-length', 'X:\nContent-Length', 'X:\rContent-Length', 'Content-length\t',
  'Http-Content-Length', 'Content-Length:',
] // prettier-ignore

const NAMED = [
  'Content-Length', 'content-length', 'Transfer-Encoding', 'Host', 'close, Content-Length', 'keep-alive, Content-Length',
  'Content-Length, close', '\tContent-Length', 'Content-Length;', '"Content-Length"', 'Content-Length, Transfer-Encoding',
  'Upgrade', 'upgrade, Content-Length', 'Expect', 'TE, Content-Length', 'Cookie', ',Content-Length', 'X-Forwarded-For',
] // prettier-ignore

const SIZES = [
  '0x0', '0X0', '+0', '-0', '00', '0000000000000000000', ' 0', '0 ', '\t0', '0\t', '0;', '0;a', '0;a=b', '0;a="b"', '0;a="b',
  '0;a="\\"', '0;\n', '0\n', '0\r', '0;a\nb', '0;a\rb', '0;a\x00', '0,0', '0 0', 'g', '', '1g', '0_0', '0\x0b', '0\x00',
  '10000000000000000', 'ffffffffffffffff', '-1', '0x1', '0.0', '0\r\r', '0;"\r\n"', '0 ;a', '0; a = b',
] // prettier-ignore

const BREAKS = [
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\n\r',
  '\x0b',
  '\x0c',
  '\0',
  '\x85',
  '\r\n ',
  '\n\n',
  '\r\n\n',
]

const TARGETS = [
  '/outer#', '/outer#/hidden', '/outer HTTP/1.1', '/outer\tHTTP/1.1', '/outer\x00', '/outer\x0bHTTP/1.1', '/outer\xa0',
  'http://a/outer', 'http://a\r\n/outer', 'http://b/outer', 'http://a@b/outer', 'http://a:80/outer', 'http://a/outer#x',
  'HTTP://A/outer', 'https://a/outer', 'ftp://a/outer', 'http:///outer', '//a/outer', '*', 'a:80', '/outer?\r', '/outer\\..',
  '/outer%0d%0aX: 1', '/outer%00', '/outer%20HTTP/1.1%0d%0a', '/outer|"<>', '/outer\x7f', '/outer\x80',
] // prettier-ignore

const LINES = [
  'POST /outer HTTP/1.0', 'POST /outer HTTP/0.9', 'POST /outer HTTP/1.2', 'POST /outer HTTP/2.0', 'POST /outer http/1.1',
  'POST /outer HTTP/1.1 ', 'POST  /outer HTTP/1.1', ' POST /outer HTTP/1.1', 'POST\t/outer\tHTTP/1.1', 'POST /outer',
  'POST /outer HTTP/1.10', 'POST /outer HTTP/01.1', 'POST /outer HTTP/1,1', 'POST /outer HTTP 1.1', 'post /outer HTTP/1.1',
  'POST\x00 /outer HTTP/1.1', 'P\x0bOST /outer HTTP/1.1', 'POST /outer HTTP/1.1\x00', '\r\nPOST /outer HTTP/1.1',
  '\nPOST /outer HTTP/1.1', '\r\n\r\nPOST /outer HTTP/1.1', 'POST /outer HTTP/1.1\rX: 1', 'POST /outer HTTP/1.1\nX: 1',
] // prettier-ignore

const METHODS = [
  'GET',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PUT',
  'PATCH',
  'BREW',
  'QUERY',
  'M-SEARCH',
  'PRI',
  'get',
]

const withLength = (length: string): string =>
  post(`Content-Length: ${length.replaceAll('N', String(HIDDEN.length))}`)

/** A body that is a whole request, by its length. */
const inLength = `Content-Length: ${HIDDEN.length}`
/** A body that is empty as chunks, and hides a request by its length. */
const inChunks = `Content-Length: ${END.length + HIDDEN.length}`

export const SMUGGLED: readonly Smuggled[] = [
  ...CODINGS.map((coding) =>
    one('a coding and a length', post(inChunks, `Transfer-Encoding:${coding}`) + END + HIDDEN),
  ),
  ...CODINGS.map((coding) =>
    one(
      'a length of 4 and a coding',
      `${post('Content-Length: 4', `Transfer-Encoding: ${coding}`)}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${END}`,
    ),
  ),
  ...NAMES.map((name) =>
    one('a name of a coding', post(inChunks, `${name}: chunked`) + END + HIDDEN),
  ),
  ...LENGTHS.map((length) => one('a length', withLength(length) + HIDDEN)),
  ...LENGTH_NAMES.map((name) => one('a name of a length', post(inLength, `${name}: 0`) + HIDDEN)),
  ...LENGTH_NAMES.map((name) =>
    one(
      'a length in chunks',
      `${post(CHUNKED, `${name}: 5`)}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${END}`,
    ),
  ),
  ...NAMED.map((named) =>
    one('a named field, length', post(inLength, `Connection: ${named}`) + HIDDEN),
  ),
  ...NAMED.map((named) =>
    one(
      'a named field, chunks',
      `${post(CHUNKED, `Connection: ${named}`)}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${END}`,
    ),
  ),
  ...METHODS.map((method) => one('a body', head(`${method} /outer HTTP/1.1`, inLength) + HIDDEN)),
  ...METHODS.map((method) =>
    one(
      'chunks',
      `${head(`${method} /outer HTTP/1.1`, CHUNKED)}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${END}`,
    ),
  ),
  ...SIZES.map((size) =>
    one('the size of a chunk', `${post(CHUNKED)}${size}\r\n${HIDDEN}\r\n${END}`),
  ),
  ...SIZES.map((size) =>
    one('the size of the last chunk', `${post(CHUNKED)}5\r\nhello\r\n${size}${HIDDEN}`),
  ),
  ...BREAKS.map((br) => one('a break in a value', post(inLength, `X: a${br}${CHUNKED}`) + HIDDEN)),
  ...BREAKS.map((br) => one('a break after a chunk', `${post(CHUNKED)}5\r\nhello${br}0\r\n\r\n`)),
  ...BREAKS.map((br) => one('a break after a size', `${post(CHUNKED)}5${br}hello\r\n0\r\n\r\n`)),
  ...BREAKS.map((br) =>
    one(
      'a break before the body',
      `POST /outer HTTP/1.1\r\nHost: a\r\n${inLength}${br}${br}${HIDDEN}`,
    ),
  ),
  ...BREAKS.map((br) => one('a break in the target', head(`GET /outer${br}HTTP/1.1`))),
  ...BREAKS.map((br) =>
    one('a break in a trailer', `${post(CHUNKED)}0\r\nX: a${br}GET /hidden HTTP/1.1\r\n\r\n`),
  ),
  ...TARGETS.map((target) => ({
    ...one('a target', head(`POST ${target} HTTP/1.1`, inLength) + HIDDEN),
    targets: [target.replace(/^https?:\/\/[^/]*/i, '').replace(/#.*/, '')],
  })),
  ...LINES.map((line) => one('a line', head(line, inLength) + HIDDEN)),
  ...LINES.map((line) => one('a line with chunks', head(line, CHUNKED) + END)),
  ...[
    'Content-Length: 5',
    CHUNKED,
    'Host: b',
    'X-Forwarded-For: 6.6.6.6',
    'Connection: close',
    'Content_Length: 9',
  ].map((trailer) => one('a trailer', `${post(CHUNKED)}5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`)),
  ...[
    '100-continue',
    '100-Continue',
    '200-ok',
    '100-continue, 100-continue',
    '',
    '\r\n 100-continue',
  ].map((expected) => one('an expectation', post(inLength, `Expect: ${expected}`) + HIDDEN)),
  ...['h2c', 'websocket', 'WebSocket', 'h2c, websocket', 'TLS/1.0', ''].flatMap((upgrade) => [
    one(
      'an upgrade',
      head('GET /outer HTTP/1.1', 'Connection: Upgrade', `Upgrade: ${upgrade}`, inLength) + HIDDEN,
    ),
    one(
      'a handshake',
      head(
        'GET /outer HTTP/1.1',
        'Connection: Upgrade',
        `Upgrade: ${upgrade}`,
        'Sec-WebSocket-Version: 1',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        inLength,
      ) + HIDDEN,
    ),
  ]),
  one('a body that is cut', post(`Content-Length: ${HIDDEN.length + 1}`) + HIDDEN),
  one('a chunk that is cut', `${post(CHUNKED)}ff\r\n${HIDDEN}`),
  one('chunks without an end', `${post(CHUNKED)}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n`),
  one('chunks without the last line', `${post(CHUNKED)}5\r\nhello\r\n0\r\n`),
  one('a head that is cut', `POST /outer HTTP/1.1\r\nHost: a\r\nX: `),
  one('two Hosts', head('GET /outer HTTP/1.1', 'Host: b')),
  one('a request in a Host', `GET /outer HTTP/1.1\r\nHost: a\n\n${HIDDEN}`),
  one('chunks of HTTP/1.0', head('POST /outer HTTP/1.0', CHUNKED, 'Connection: keep-alive') + END),
  one(
    'a length and chunks of HTTP/1.0',
    head('POST /outer HTTP/1.0', inChunks, CHUNKED, 'Connection: keep-alive') + END + HIDDEN,
  ),
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) => ({
    name: `two requests: ${method}`,
    bytes: head(`${method} /outer HTTP/1.1`) + head('GET /second HTTP/1.1'),
    targets: ['/outer', '/second'],
  })),
  {
    name: 'two requests: a POST with a length',
    bytes: `${post('Content-Length: 5')}hello${head('GET /second HTTP/1.1')}`,
    targets: ['/outer', '/second'],
  },
  {
    name: 'two requests: a POST with chunks',
    bytes: `${post(CHUNKED)}5\r\nhello\r\n${END}${head('GET /second HTTP/1.1')}`,
    targets: ['/outer', '/second'],
  },
  ...['0', '00', '0 ', ' 0', '0\t'].map((length) => ({
    name: `two requests: a POST with Content-Length: ${JSON.stringify(length)}`,
    bytes: post(`Content-Length: ${length}`) + head('GET /second HTTP/1.1'),
    targets: ['/outer', '/second'],
  })),
]
