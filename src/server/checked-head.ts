// Checks the heads that node:http and the test client have read. The native parser checks its own as it reads.

import { BadRequestError } from '../errors.ts'
import { hostFault } from '../http/authority.ts'
import { listHasToken } from '../http/list.ts'
import { wantsKeepAlive } from '../http/keep-alive.ts'
import { requestHead } from '../http/request-head.ts'
import { octetFault } from '../http/target.ts'
import { transferCodingFault } from '../http/transfer-coding.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { Endpoints, FieldFacts, RequestHead, RequestStart } from '../http/request-head.ts'

// The most digits of a Content-Length, as in the native parser.
const MOST_DIGITS = 16

/** A head that was read, and not checked. */
export interface ReadHead extends RequestStart {
  httpVersion: '1.0' | '1.1'
  /** Lower-case names, values as on the wire, in order, duplicates kept. */
  headers: HeaderPairs
  /** The client waits for `100 Continue`. */
  expectsContinue: boolean
  ends: Endpoints
}

/**
 * The checked form of `head`, which keeps its header pairs. A body is not looked at: its engine delimits it.
 *
 * @param maxHeaderFields more fields are a fault with status 431
 */
export function checkedHead(head: ReadHead, maxHeaderFields: number): RequestHead {
  const { headers, httpVersion } = head
  const fields = readFields(headers)
  const { contentLength, connection } = fields
  const facts: FieldFacts = {
    keepAlive: wantsKeepAlive(httpVersion, connection),
    acceptsTrailers: listHasToken(fields.te, 'trailers'),
    expectsContinue: head.expectsContinue,
    hasBody: fields.codings !== undefined || (contentLength ?? 0) !== 0,
    contentLength,
    hasUnderscore: fields.hasUnderscore,
    fault:
      octetFault(head.target) ??
      tooManyFields(headers.length, maxHeaderFields) ??
      codingsFault(fields.codings, httpVersion) ??
      lengthFault(contentLength) ??
      hostFault(fields.host, fields.hosts, httpVersion),
  }
  return requestHead(head, headers, facts, head.ends)
}

/** The fields that decide about a request. */
interface DecisiveFields {
  contentLength: number | null
  /** The lines of Transfer-Encoding. */
  codings: string[] | undefined
  connection: string | undefined
  te: string | undefined
  host: string | undefined
  /** The number of Host fields. */
  hosts: number
  hasUnderscore: boolean
}

function readFields(headers: HeaderPairs): DecisiveFields {
  const fields: DecisiveFields = {
    contentLength: null,
    codings: undefined,
    connection: undefined,
    te: undefined,
    host: undefined,
    hosts: 0,
    hasUnderscore: false,
  }
  for (const [name, value] of headers) {
    switch (name) {
      case 'host':
        fields.hosts += 1
        fields.host ??= value
        break
      case 'connection':
        fields.connection = joined(fields.connection, value)
        break
      case 'content-length':
        fields.contentLength ??= value.length > MOST_DIGITS ? NaN : Number(value)
        break
      case 'transfer-encoding':
        fields.codings = [...(fields.codings ?? []), value]
        break
      case 'te':
        fields.te = joined(fields.te, value)
        break
      default:
        fields.hasUnderscore ||= name.includes('_')
    }
  }
  return fields
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}

function tooManyFields(count: number, most: number): BadRequestError | null {
  return count > most ? new BadRequestError(`the head has more than ${most} fields`, 431) : null
}

function codingsFault(
  codings: readonly string[] | undefined,
  httpVersion: '1.0' | '1.1',
): BadRequestError | null {
  const [coding, ...others] = codings ?? []
  if (others.length > 0) return new BadRequestError('Transfer-Encoding occurs more than once')
  return coding === undefined ? null : transferCodingFault(coding, httpVersion)
}

function lengthFault(contentLength: number | null): BadRequestError | null {
  if (contentLength === null || Number.isSafeInteger(contentLength)) return null
  return new BadRequestError('Content-Length is not a number of bytes below 2^53')
}
