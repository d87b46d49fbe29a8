// What the fields of a head say of the connection and of the body behind it (RFC 9112, 6 and 9; RFC 9110, 7.8 and 10.1.1).

import { BadRequestError } from '../../../errors.ts'
import { requireChunked } from '../../../http/transfer-coding.ts'

/** How the body is delimited, and what the client wants of the connection. */
export interface RequestFraming {
  /** The client wants to keep the connection. */
  keepAlive: boolean
  /** `Expect: 100-continue`, in HTTP/1.1. */
  expectsContinue: boolean
  /** `TE: trailers`, in HTTP/1.1. */
  acceptsTrailers: boolean
  /** The body is in chunks. */
  chunked: boolean
  /** The length of the body; null without one. */
  contentLength: number | null
  /** The value of Upgrade, when Connection names it too, in HTTP/1.1. */
  upgrade: string | null
}

/**
 * Reads what frames a request.
 *
 * @param fields names in lower case and values, in turns
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) 400 when it is in doubt where the body ends, 501 for a
 *   transfer coding that is not understood, 417 for an expectation that is not
 */
export function requestFraming(
  httpVersion: '1.0' | '1.1',
  fields: readonly string[],
): RequestFraming {
  const { connection, upgrade, te, expectation, coding, length } = framingFields(fields)
  const isModern = httpVersion === '1.1'
  if (coding !== undefined) requireChunked(coding, httpVersion)
  const contentLength = lengthOf(length)
  // RFC 9112, 6.1: whoever believes the other of the two sees another request behind this one.
  if (coding !== undefined && contentLength !== null) {
    throw new BadRequestError('Transfer-Encoding and Content-Length exclude each other')
  }
  return {
    keepAlive: wantsKeepAlive(isModern, connection),
    expectsContinue: isModern && wantsContinue(expectation),
    acceptsTrailers: isModern && lists(TRAILERS, te),
    chunked: coding !== undefined,
    contentLength,
    upgrade: isModern && lists(UPGRADE, connection) ? (upgrade ?? null) : null,
  }
}

interface FramingFields {
  connection: string | undefined
  upgrade: string | undefined
  te: string | undefined
  expectation: string | undefined
  coding: string | undefined
  length: string | undefined
}

function framingFields(fields: readonly string[]): FramingFields {
  let connection: string | undefined
  let upgrade: string | undefined
  let te: string | undefined
  let expectation: string | undefined
  let coding: string | undefined
  let length: string | undefined
  for (let index = 0; index < fields.length; index += 2) {
    const value = fields[index + 1] as string
    switch (fields[index] as string) {
      case 'connection':
        connection = joined(connection, value)
        break
      case 'upgrade':
        upgrade = joined(upgrade, value)
        break
      case 'te':
        te = joined(te, value)
        break
      case 'expect':
        expectation = joined(expectation, value)
        break
      case 'transfer-encoding':
        coding = single('Transfer-Encoding', coding, value)
        break
      case 'content-length':
        length = single('Content-Length', length, value)
        break
    }
  }
  return { connection, upgrade, te, expectation, coding, length }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}

function single(name: string, before: string | undefined, value: string): string {
  if (before === undefined) return value
  throw new BadRequestError(`${name} stands more than once`)
}

const CLOSE = member('close')
const KEEP_ALIVE = member('keep-alive')
const TRAILERS = member('trailers')
const UPGRADE = member('upgrade')

// A member of a list, compared without case (RFC 9110, 5.6.1).
function member(token: string): RegExp {
  return new RegExp(`(?:^|,)[ \\t]*${token}[ \\t]*(?:,|$)`, 'i')
}

function lists(token: RegExp, value: string | undefined): boolean {
  return value !== undefined && token.test(value)
}

// RFC 9112, 9.3.
function wantsKeepAlive(isModern: boolean, connection: string | undefined): boolean {
  if (lists(CLOSE, connection)) return false
  return isModern || lists(KEEP_ALIVE, connection)
}

function wantsContinue(expectation: string | undefined): boolean {
  if (expectation === undefined) return false
  if (expectation.toLowerCase() === '100-continue') return true
  throw new BadRequestError(`expectation ${JSON.stringify(expectation)} is not understood`, 417)
}

const DIGITS = /^\d{1,16}$/

function lengthOf(value: string | undefined): number | null {
  if (value === undefined) return null
  const length = DIGITS.test(value) ? Number(value) : Number.NaN
  if (Number.isSafeInteger(length)) return length
  throw new BadRequestError(`Content-Length ${JSON.stringify(value)} is not a number of bytes`)
}
