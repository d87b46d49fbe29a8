// The head of a test's request, as the native engine reads it from a socket: the same parser accepts or refuses it.

import { Buffer } from 'node:buffer'
import { BadRequestError } from '../errors.ts'
import { checkedHead } from '../server/checked-head.ts'
import { HeadParser } from '../server/native/parser/head-parser.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { ReadHead } from '../server/checked-head.ts'

/**
 * Writes the bytes of `sent` and parses them. A head that the parser refuses has its error as `fault`, so that the
 * dispatcher answers with the status that a socket would carry.
 *
 * @param maxHeaderFields more fields are a fault with status 431; the limits in bytes have no effect
 */
export function wireHead(sent: ReadHead, maxHeaderFields: number): RequestHead {
  const checked = checkedHead(sent, maxHeaderFields)
  if (checked.fault !== null) return checked
  const bytes = Buffer.from(textOf(sent), 'latin1')
  const limits = { maxHeadBytes: Infinity, maxRequestLineBytes: Infinity, maxHeaderFields }
  const parser = new HeadParser(limits, sent.ends)
  try {
    requireLine(sent)
    if (parser.parse(bytes, 0) === bytes.length) return parser.head
    throw new BadRequestError('the head is not one head')
  } catch (fault) {
    if (!(fault instanceof BadRequestError)) throw fault
    // The bytes after such a head cannot be parsed, so the connection ends.
    return { ...checked, keepAlive: false, fault }
  }
}

function textOf({ method, target, httpVersion, headers }: ReadHead): string {
  const fields = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/${httpVersion}\r\n${fields.join('')}\r\n`
}

// Characters above 0xFF lose a half in latin-1, and a line break would make a second line.
function requireLine({ method, target, httpVersion }: ReadHead): void {
  if (/^[\x20-\xff]*$/.test(`${method}${target}${httpVersion}`)) return
  throw new BadRequestError('the request line has a character that a request line cannot have')
}
