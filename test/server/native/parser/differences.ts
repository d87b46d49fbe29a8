// The known differences between the parser and node:http: requests that only the parser refuses, by class, with reasons.

/** A class of differences. */
export interface Difference {
  name: string
  /** Matches the message of the refusal. */
  reason: RegExp
  /** The reason why the refusal is right. */
  because: string
}

/** All classes: a difference outside of them is a fault. The documentation has this list too. */
export const STRICTER: readonly Difference[] = [
  {
    name: 'empty lines in front',
    reason: /^the method has a bare (CR|LF)$|^a bare CR stands in front/,
    because:
      'RFC 9112, 2.2 asks to ignore one empty line of CRLF; llhttp ignores any number of CRs and LFs',
  },
  {
    name: 'methods',
    reason: /^the method is not (known|served)$/,
    because: 'CONNECT is for proxies: it is refused by its name, before its target is read',
  },
  {
    name: 'white space in the request line',
    reason: /^the request target is missing$|^the request line does not end with an HTTP version$/,
    because:
      'RFC 9112, 3 has one SP between the parts; llhttp skips any number, and takes ICE/1.0 for a version',
  },
  {
    name: 'versions',
    reason:
      /^HTTP\/0\.9 is not served$|^this version of HTTP is not served$|^the request target has a bare LF$/,
    because:
      'HTTP/1.0 and 1.1 are served; llhttp also reads 0.9, with or without a version, and 2.0 in the form of 1.1',
  },
  {
    name: 'targets',
    reason:
      /^the request (target has a forbidden character|target has none of the forms|path has a %00)/,
    because: 'RFC 9112, 3.2 has four forms, none of them with a fragment; no path has a NUL',
  },
  {
    name: 'Host',
    reason: /^Host (is missing|occurs more than once|".*" is not a host)/s,
    because:
      'RFC 9112, 3.2 demands one valid Host; node:http asks for it above llhttp, and takes the first of many',
  },
  {
    name: 'transfer codings',
    reason:
      /^(HTTP\/1\.0 has no transfer codings|Transfer-Encoding occurs more than once|transfer coding )/,
    because:
      'nothing but one `chunked` in HTTP/1.1 says for certain where the body ends (RFC 9112, 6.1)',
  },
  {
    name: 'lengths',
    reason: /^Content-Length ".*" is not a number of bytes$/s,
    because: 'sixteen digits hold every length that a number can, and llhttp counts in 64 bits',
  },
  {
    name: 'expectations',
    reason: /^expectation /,
    because:
      'RFC 9110, 10.1.1: an expectation that is not understood is 417; node:http leaves it to a listener',
  },
  {
    name: 'chunk sizes',
    reason: /^a chunk size is out of bounds$/,
    because: 'sixteen digits and 2^53-1 bytes; llhttp counts in 64 bits, after any number of zeros',
  },
  {
    name: 'chunk extensions',
    reason: /^a chunk extension has |^the line of a chunk has "/,
    because:
      'RFC 9112, 7.1.1 has a name and, after `=`, a value, and no white space at the end of the line',
  },
]

/** A class of requests that only node:http refuses. */
interface Leniency {
  name: string
  /** The reason why it is right to take them. */
  because: string
  /** The bytes, as latin-1, without the part that llhttp refuses. */
  without: (text: string) => string
}

const LAST_CHUNK_AND_TRAILERS = /(?<=\r\n)(0+(?:;[^\r\n]*)?\r\n)((?:[^\r\n]+(?:\r\n?|$))+)/g
const NO_TRAILER =
  /^(?:Content-Length|Transfer-Encoding|Connection|Upgrade|Expect|Host)[ \t]*:[^\r\n]*(?:\r\n?|$)/gim

/** All classes. The documentation has this list too. */
export const LOOSER: readonly Leniency[] = [
  {
    name: 'tabs after a length',
    because:
      'RFC 9110, 5.5: a tab around a value is white space; llhttp takes it in front, and refuses it after',
    without: (text) =>
      text.replace(/^((?:Content-Length|Transfer-Encoding):[^\r\n]*?)[ \t]+$/gim, '$1'),
  },
  {
    name: 'white space in chunk extensions',
    because: 'RFC 9112, 7.1.1 allows it around `;` and `=`; llhttp refuses it',
    without: (text) => text.replace(/[ \t]+(?=[;=])|(?<=[;=])[ \t]+/g, ''),
  },
  {
    name: 'fields that are no trailers',
    because:
      'RFC 9110, 6.5.1: they are dropped, as all trailers are; llhttp reads them as fields of the head',
    without: (text) =>
      text.replace(
        LAST_CHUNK_AND_TRAILERS,
        (_, last: string, trailers: string) => last + trailers.replace(NO_TRAILER, ''),
      ),
  },
]

/** Errors of llhttp within a head or trailers whose end the parser awaits. The parser then refuses every end. */
export const EARLIER: ReadonlySet<string> = new Set([
  'HPE_INVALID_CONTENT_LENGTH',
  'HPE_INVALID_TRANSFER_ENCODING',
  'HPE_UNEXPECTED_CONTENT_LENGTH',
  'HPE_INVALID_METHOD',
  'HPE_INVALID_URL',
])
