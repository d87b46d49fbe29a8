// The request line (RFC 9112, 3): method, target, version, octet by octet.

import { METHODS } from 'node:http'
import { BadRequestError } from '../../../errors.ts'
import { CR, IS_TOKEN, IS_VISIBLE, LF, shown, skip, SP } from './octets.ts'
import type { RequestStart } from '../../../http/request-head.ts'

const METHOD = 0
const TARGET = 1
const VERSION = 2
const LINE_FEED = 3
const DONE = 4

const HTTP_1_1 = Buffer.from('HTTP/1.1')
const VERSION_BYTES = HTTP_1_1.length
const MAJOR = 5
const MINOR = 7
const ZERO = 0x30
const DIGIT = /^\d$/

/**
 * Finds the parts of a request line, and refuses the line at the first octet that no request line has.
 *
 * The line lies in one block, which may grow between two calls. Offsets count from the start of the line.
 */
export class RequestLine implements RequestStart {
  method = ''
  /** The target, once {@link takeTarget} has read it. */
  target = ''
  httpVersion: '1.0' | '1.1' = '1.1'
  /** The scanned octets. */
  at = 0
  readonly #maxBytes: number
  #phase = METHOD
  #targetStart = 0
  #targetEnd = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  reset(): void {
    this.#phase = METHOD
    this.at = 0
  }

  /** Reads the target out of `text`, a text in latin-1 that begins with the line. */
  takeTarget(text: string): void {
    this.target = text.slice(this.#targetStart, this.#targetEnd)
  }

  /** Continues the scan. True: the line is complete, and `at` is the offset after the line. */
  scan(block: Uint8Array, start: number, end: number): boolean {
    if (this.#phase === METHOD) this.#scanMethod(block, start, end)
    if (this.#phase === TARGET) this.#scanTarget(block, start, end)
    if (this.#phase === VERSION) this.#scanVersion(block, start, end)
    if (this.#phase === LINE_FEED) this.#scanLineFeed(block, start, end)
    return this.#phase === DONE
  }

  #scanMethod(block: Uint8Array, start: number, end: number): void {
    const stop = Math.min(end, start + LONGEST_METHOD + 1)
    const at = skip(IS_TOKEN, block, start + this.at, stop)
    this.at = at - start
    // RFC 9112, 3: the method is longer than all known ones.
    if (this.at > LONGEST_METHOD) throw new BadRequestError('the method is not known', 501)
    if (at === end) return

    if (block[at] !== SP) throw new BadRequestError(`the method has ${shown(block[at])}`)
    if (at === start) throw new BadRequestError('the method is missing')
    this.method = servedMethod(block, start, at)
    this.#phase = TARGET
    this.#targetStart = ++this.at
  }

  #scanTarget(block: Uint8Array, start: number, end: number): void {
    const stop = Math.min(end, start + this.#maxBytes)
    const at = skip(IS_VISIBLE, block, start + this.at, stop)
    this.at = at - start
    if (at === end) return

    if (at >= stop) throw this.#tooLong()
    if (this.at === this.#targetStart) throw new BadRequestError('the request target is missing')
    if (block[at] === CR) throw new BadRequestError('HTTP/0.9 is not served', 505)
    if (block[at] !== SP) throw new BadRequestError(`the request target has ${shown(block[at])}`)
    this.#phase = VERSION
    this.#targetEnd = this.at++
  }

  #scanVersion(block: Uint8Array, start: number, end: number): void {
    const first = start + this.#targetEnd + 1
    const last = first + VERSION_BYTES
    let at = start + this.at
    while (at < end && at < last && block[at] === HTTP_1_1[at - first]) at++
    if (at === last - 1 && at < end && block[at] === ZERO) at++
    this.at = at - start
    if (at === end) return

    if (at < last) throw wrongVersion(at - first, block[at] as number)
    this.httpVersion = block[at - 1] === ZERO ? '1.0' : '1.1'
    this.#endLine(block[at] as number)
  }

  #endLine(octet: number): void {
    if (octet !== CR) throw new BadRequestError(`${shown(octet)} follows the HTTP version`)
    if (this.at > this.#maxBytes) throw this.#tooLong()
    this.at += 1
    this.#phase = LINE_FEED
  }

  #scanLineFeed(block: Uint8Array, start: number, end: number): void {
    const at = start + this.at
    if (at === end) return
    if (block[at] !== LF) throw new BadRequestError('the request line has a bare CR')
    this.at += 1
    this.#phase = DONE
  }

  #tooLong(): BadRequestError {
    return new BadRequestError(`the request line is longer than ${this.#maxBytes} bytes`, 414)
  }
}

// The methods of node:http, so that both engines serve the same ones. CONNECT is for proxies.
const SERVED = METHODS.filter((method) => method !== 'CONNECT')
const LONGEST_METHOD = Math.max(...SERVED.map((method) => method.length))
const BY_LENGTH = Array.from({ length: LONGEST_METHOD + 1 }, (_, length) => {
  const methods = SERVED.filter((method) => method.length === length)
  return methods.map((method) => ({ method, octets: Buffer.from(method) }))
})

// RFC 9110, 9.1: methods are case-sensitive, and a method that is not implemented is answered with 501.
function servedMethod(block: Uint8Array, start: number, end: number): string {
  for (const { method, octets } of BY_LENGTH[end - start] ?? []) {
    let at = start
    while (at < end && block[at] === octets[at - start]) at++
    if (at === end) return method
  }
  throw new BadRequestError('the method is not served', 501)
}

// Another version is answered with 505, any other text with 400 (RFC 9110, 15.6.6).
function wrongVersion(index: number, octet: number): BadRequestError {
  const isDigit = index === MAJOR || index === MINOR
  if (isDigit && DIGIT.test(String.fromCharCode(octet))) {
    return new BadRequestError('this version of HTTP is not served', 505)
  }
  return new BadRequestError('the request line does not end with an HTTP version')
}
