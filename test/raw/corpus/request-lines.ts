// The request line (RFC 9112, 2.2 and 3).

import { METHODS } from 'node:http'
import { get, head, refused, taken, unfinished } from './case.ts'
import type { CorpusCase } from './case.ts'

const HOST = 'Host: a.example'
const SERVED = METHODS.filter((method) => method !== 'CONNECT' && method !== 'QUERY')

export const requestLines: CorpusCase[] = [
  // Methods (RFC 9110, 9.1).
  ...SERVED.map((method) =>
    taken(`method ${method}`, head(`${method} / HTTP/1.1`, HOST), { method }),
  ),
  refused(501, 'CONNECT', head('CONNECT a.example:443 HTTP/1.1', HOST)),
  refused(501, 'CONNECT with a path', head('CONNECT / HTTP/1.1', HOST)),
  refused(501, 'a method that is not registered', head('BREW / HTTP/1.1', HOST)),
  refused(501, 'a method in lower case', head('get / HTTP/1.1', HOST)),
  refused(501, 'a method in mixed case', head('Get / HTTP/1.1', HOST)),
  refused(501, 'a method that begins like another', head('GETS / HTTP/1.1', HOST)),
  refused(501, 'the beginning of a method', head('GE / HTTP/1.1', HOST)),
  refused(501, 'a method of all kinds of token characters', head("!#$%&'*+-. / HTTP/1.1", HOST)),
  refused(501, 'a method that is longer than all', head(`${'A'.repeat(12)} / HTTP/1.1`, HOST)),
  refused(501, 'a method without end', 'A'.repeat(100)),
  refused(400, 'a method with @', head('G@T / HTTP/1.1', HOST)),
  refused(400, 'a method with a slash', head('GET/ / HTTP/1.1', HOST)),
  refused(400, 'a method with a colon', head('GET: / HTTP/1.1', HOST)),
  refused(400, 'a method in quotes', head('"GET" / HTTP/1.1', HOST)),
  refused(400, 'a method in parentheses', head('(GET) / HTTP/1.1', HOST)),
  refused(400, 'a method with NUL', head('GE\0T / HTTP/1.1', HOST)),
  refused(400, 'a method with DEL', head('GET\x7f / HTTP/1.1', HOST)),
  refused(400, 'a method with obs-text', head('G\xc9T / HTTP/1.1', HOST)),
  refused(400, 'a method with a byte order mark', head('\xef\xbb\xbfGET / HTTP/1.1', HOST)),
  refused(400, 'no method', head(' / HTTP/1.1', HOST)),
  refused(400, 'a space before the method', head(' GET / HTTP/1.1', HOST)),
  refused(400, 'a tab before the method', head('\tGET / HTTP/1.1', HOST)),
  unfinished('the beginning of a method, and no more', 'GE'),

  // The characters between the parts.
  refused(400, 'a tab after the method', head('GET\t/ HTTP/1.1', HOST)),
  refused(400, 'two spaces after the method', head('GET  / HTTP/1.1', HOST)),
  refused(400, 'a tab after the target', head('GET /\tHTTP/1.1', HOST)),
  refused(400, 'two spaces after the target', head('GET /  HTTP/1.1', HOST)),
  refused(400, 'a space after the version', head('GET / HTTP/1.1 ', HOST)),
  refused(400, 'a tab after the version', head('GET / HTTP/1.1\t', HOST)),
  refused(400, 'a vertical tab for a space', head('GET\x0b/ HTTP/1.1', HOST)),
  refused(400, 'a form feed for a space', head('GET /\x0cHTTP/1.1', HOST)),
  refused(400, 'a no-break space for a space', head('GET\xa0/ HTTP/1.1', HOST)),
  refused(400, 'a fourth part', head('GET / HTTP/1.1 x', HOST)),
  refused(400, 'the method alone', head('GET', HOST)),
  refused(400, 'the method and a space', head('GET ', HOST)),
  refused(400, 'a word', head('nonsense', HOST)),

  // Versions (RFC 9110, 2.5 and 15.6.6).
  taken('HTTP/1.0', head('GET / HTTP/1.0', HOST), { httpVersion: '1.0', keepAlive: false }),
  taken('HTTP/1.1', head('GET / HTTP/1.1', HOST), { httpVersion: '1.1', keepAlive: true }),
  refused(505, 'HTTP/0.9 in one line', 'GET /\r\n'),
  refused(505, 'HTTP/0.9 with a head', head('GET /', HOST)),
  refused(505, 'HTTP/0.9 that says so', head('GET / HTTP/0.9', HOST)),
  refused(505, 'HTTP/1.2', head('GET / HTTP/1.2', HOST)),
  refused(505, 'HTTP/1.9', head('GET / HTTP/1.9', HOST)),
  refused(505, 'HTTP/2.0', head('GET / HTTP/2.0', HOST)),
  refused(505, 'HTTP/3.0', head('GET / HTTP/3.0', HOST)),
  refused(505, 'HTTP/9.9', head('GET / HTTP/9.9', HOST)),
  refused(505, 'HTTP/2 without a minor', head('GET / HTTP/2', HOST)),
  refused(400, 'HTTP/1 without a minor', head('GET / HTTP/1', HOST)),
  refused(400, 'HTTP/1. without a minor', head('GET / HTTP/1.', HOST)),
  refused(400, 'a major of two digits', head('GET / HTTP/11.1', HOST)),
  refused(400, 'a minor of two digits', head('GET / HTTP/1.10', HOST)),
  refused(400, 'a version with a leading zero', head('GET / HTTP/1.01', HOST)),
  refused(505, 'a major with a leading zero', head('GET / HTTP/01.1', HOST)),
  refused(400, 'a version in lower case', head('GET / http/1.1', HOST)),
  refused(400, 'a version with a comma', head('GET / HTTP/1,1', HOST)),
  refused(400, 'a version with a sign', head('GET / HTTP/+1.1', HOST)),
  refused(400, 'a version with a space', head('GET / HTTP /1.1', HOST)),
  refused(400, 'a version in hexadecimal', head('GET / HTTP/A.1', HOST)),
  refused(400, 'a version of another protocol', head('GET / RTSP/1.0', HOST)),
  refused(400, 'a version of icecast', head('SOURCE / ICE/1.0', HOST)),
  refused(400, 'a version cut short', head('GET / HTT', HOST)),
  refused(400, 'HTTP twice', head('GET / HTTP/HTTP/1.1', HOST)),

  // Line ends (RFC 9112, 2.2).
  refused(400, 'a bare LF after the request line', 'GET / HTTP/1.1\nHost: a.example\r\n\r\n'),
  refused(400, 'a bare CR after the request line', 'GET / HTTP/1.1\rHost: a.example\r\n\r\n'),
  refused(400, 'two CRs after the request line', 'GET / HTTP/1.1\r\r\nHost: a.example\r\n\r\n'),
  refused(400, 'bare LFs all over', 'GET / HTTP/1.1\nHost: a.example\n\n'),
  refused(400, 'a bare LF in the method', 'GE\nT / HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  refused(400, 'a bare LF in the target', head('GET /a\nb HTTP/1.1', HOST)),
  refused(505, 'a CR in the target', head('GET /a\rb HTTP/1.1', HOST)),
  unfinished('a request line without its LF', 'GET / HTTP/1.1\r'),
  unfinished('a request line alone', 'GET / HTTP/1.1\r\n'),

  // Empty lines before the request (RFC 9112, 2.2): one is allowed.
  taken('one empty line in front', `\r\n${get()}`, {}),
  refused(400, 'two empty lines in front', `\r\n\r\n${get()}`),
  refused(400, 'an empty line of LF in front', `\n${get()}`),
  refused(400, 'an empty line of CR in front', `\r${get()}`),
  refused(400, 'an empty line of LF after one of CRLF', `\r\n\n${get()}`),
  refused(400, 'a line with a space in front', ` \r\n${get()}`),
  unfinished('an empty line in front, and no more', '\r\n'),
  unfinished('half an empty line in front', '\r'),

  // No HTTP at all.
  refused(400, 'a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  refused(501, 'the preface of HTTP/2, by its method', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  refused(400, 'the PROXY protocol, version 2', '\r\n\r\n\0\r\nQUIT\n\x21\x11'),
  refused(501, 'the PROXY protocol, version 1', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'),
  refused(501, 'the banner of SSH', 'SSH-2.0-OpenSSH_9.6\r\n'),
  refused(400, 'a greeting of SMTP', 'EHLO\r\n'),
  refused(400, 'NULs', '\0\0\0\0'),
  refused(400, 'JSON', '{"method":"GET"}\r\n\r\n'),
  refused(400, 'a response', 'HTTP/1.1 200 OK\r\n\r\n'),
]
