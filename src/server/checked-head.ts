// Checks the heads that node:http and the test client have read. The native parser checks its own as it reads.

import { BadRequestError } from '../errors.ts'
import { hostFault } from '../http/authority.ts'
import { getHeader, getListHeader, listHasToken } from '../http/headers.ts'
import { wantsKeepAlive } from '../http/keep-alive.ts'
import { requestHead } from '../http/request-head.ts'
import { octetFault } from '../http/target.ts'
import { transferCodingFault } from '../http/transfer-coding.ts'
import type { HeaderPairs } from '../contract/events.ts'
import type { Endpoints, FieldFacts, RequestHead, RequestStart } from '../http/request-head.ts'

/** A head that was read, and not checked. */
export interface ReadHead extends RequestStart {
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
  const { headers } = head
  const length = getHeader(headers, 'content-length')
  const contentLength = length === undefined ? null : Number(length)
  const isChunked = getHeader(headers, 'transfer-encoding') !== undefined
  const facts: FieldFacts = {
    keepAlive: wantsKeepAlive(head.httpVersion, getListHeader(headers, 'connection')),
    acceptsTrailers: listHasToken(getListHeader(headers, 'te'), 'trailers'),
    expectsContinue: head.expectsContinue,
    hasBody: isChunked || (contentLength ?? 0) > 0,
    contentLength,
    hasUnderscore: headers.some(([name]) => name.includes('_')),
    fault: octetFault(head.target) ?? fieldFault(head, maxHeaderFields),
  }
  return requestHead(head, headers, facts, head.ends)
}

function fieldFault({ headers, httpVersion }: ReadHead, maxFields: number): BadRequestError | null {
  if (headers.length > maxFields) {
    return new BadRequestError(`the head has more than ${maxFields} fields`, 431)
  }
  let hosts = 0
  let host: string | undefined
  for (const [name, value] of headers) {
    if (name === 'transfer-encoding') {
      const fault = transferCodingFault(value, httpVersion)
      if (fault !== null) return fault
    } else if (name === 'host') {
      hosts += 1
      host ??= value
    }
  }
  return hostFault(host, hosts, httpVersion)
}
