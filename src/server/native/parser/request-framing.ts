// The facts that the fields of a head state of the connection and the body (RFC 9112, 6 and 9; RFC 9110, 7.8 and 10.1.1).

import { BadRequestError } from '../../../errors.ts'
import { hostFault } from '../../../http/authority.ts'
import { listHasToken, listMembers } from '../../../http/list.ts'
import { wantsKeepAlive } from '../../../http/keep-alive.ts'
import { transferCodingFault } from '../../../http/transfer-coding.ts'
import type { FieldFacts } from '../../../http/request-head.ts'

/** The facts of the fields, and how the body is delimited. */
export interface RequestFraming extends FieldFacts {
  /** The body is in chunks. */
  readonly isChunked: boolean
  /** The value of Upgrade, if Connection names Upgrade too, in HTTP/1.1; null otherwise. */
  readonly upgrade: string | null
}

/**
 * Reads the fields that frame a request. A Host that is refused is no doubt about the framing: it is reported as the
 * `fault`.
 *
 * @param fields names in lower case and values, in turns
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) 400 when the end of the body is in doubt, 501 for a transfer
 *   coding that the server does not understand, 417 for such an expectation
 */
export function requestFraming(
  httpVersion: '1.0' | '1.1',
  fields: readonly string[],
): RequestFraming {
  const found = framingFields(fields)
  const { connection, upgrade, coding } = found
  const isModern = httpVersion === '1.1'
  const codingFault = coding === undefined ? null : transferCodingFault(coding, httpVersion)
  if (codingFault !== null) throw codingFault
  const contentLength = lengthOf(found.length)
  // RFC 9112, 6.1: a reader that believes the other of the two sees another request after this one.
  if (coding !== undefined && contentLength !== null) {
    throw new BadRequestError('Transfer-Encoding and Content-Length exclude each other')
  }
  const isUpgrade = isModern && upgrade !== undefined && listHasToken(connection, 'upgrade')
  return {
    keepAlive: wantsKeepAlive(httpVersion, connection),
    expectsContinue: isModern && wantsContinue(found.expectation),
    acceptsTrailers: isModern && listHasToken(found.te, 'trailers'),
    hasBody: coding !== undefined || (contentLength ?? 0) > 0,
    contentLength,
    hasUnderscore: found.hasUnderscore,
    fault: hostFault(found.host, found.hosts, httpVersion),
    isChunked: coding !== undefined,
    upgrade: isUpgrade ? upgrade : null,
  }
}

interface FramingFields {
  connection: string | undefined
  upgrade: string | undefined
  te: string | undefined
  expectation: string | undefined
  coding: string | undefined
  length: string | undefined
  /** The first Host. */
  host: string | undefined
  /** The number of Host fields. */
  hosts: number
  hasUnderscore: boolean
}

function framingFields(fields: readonly string[]): FramingFields {
  const found: FramingFields = {
    connection: undefined,
    upgrade: undefined,
    te: undefined,
    expectation: undefined,
    coding: undefined,
    length: undefined,
    host: undefined,
    hosts: 0,
    hasUnderscore: false,
  }
  for (let index = 0; index < fields.length; index += 2) {
    takeField(found, fields[index] as string, fields[index + 1] as string)
  }
  return found
}

function takeField(found: FramingFields, name: string, value: string): void {
  switch (name) {
    case 'host':
      found.host ??= value
      found.hosts += 1
      break
    case 'connection':
      found.connection = joined(found.connection, value)
      break
    case 'upgrade':
      found.upgrade = joined(found.upgrade, value)
      break
    case 'te':
      found.te = joined(found.te, value)
      break
    case 'expect':
      found.expectation = joined(found.expectation, value)
      break
    case 'transfer-encoding':
      found.coding = single('Transfer-Encoding', found.coding, value)
      break
    case 'content-length':
      found.length = single('Content-Length', found.length, value)
      break
    default:
      found.hasUnderscore ||= name.includes('_')
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}

function single(name: string, before: string | undefined, value: string): string {
  if (before === undefined) return value
  throw new BadRequestError(`${name} occurs more than once`)
}

// RFC 9110, 10.1.1 and 5.6.1: a list, whose empty members are ignored.
function wantsContinue(expectation: string | undefined): boolean {
  if (expectation === undefined) return false
  const members = listMembers(expectation).filter((member) => member !== '')
  if (members.every((member) => member.toLowerCase() === '100-continue')) return members.length > 0
  throw new BadRequestError(`expectation ${JSON.stringify(expectation)} is not understood`, 417)
}

const DIGITS = /^\d{1,16}$/

function lengthOf(value: string | undefined): number | null {
  if (value === undefined) return null
  const length = DIGITS.test(value) ? Number(value) : Number.NaN
  if (Number.isSafeInteger(length)) return length
  throw new BadRequestError(`Content-Length ${JSON.stringify(value)} is not a number of bytes`)
}
