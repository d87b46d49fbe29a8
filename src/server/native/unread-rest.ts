// The part of a body that is left when its response begins or ends.

import { PeerError } from '../../errors.ts'
import { announceClose } from '../../http/keep-alive.ts'
import { MAX_REST_BYTES } from '../linger.ts'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { RequestReader } from './request-reader.ts'
import type { ResponseWriter } from './response-writer.ts'

/**
 * Announces the close of the connection in the head of `part`, if the rest of the body is longer than the connection drops
 * for the next request (RFC 9112, 9.6). The last part of a response drops the bytes that have arrived. The length of a
 * chunked body is unknown, so such a body is too long unless its end has arrived.
 *
 * @returns true: the body is complete
 */
export function judgeRest(
  reader: RequestReader,
  writer: ResponseWriter,
  part: ResponsePart,
): boolean {
  const { head, end } = part
  if (end && dropArrived(reader, writer)) return true
  const left = reader.bodyLeft
  const isTooLong = left > MAX_REST_BYTES && (end || left < Infinity)
  if (isTooLong && head?.keepAlive === true) announceClose(head)
  return false
}

function dropArrived(reader: RequestReader, writer: ResponseWriter): boolean {
  try {
    return reader.body(ignore)
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    // No further request can be found after a malformed body.
    writer.keepsAlive = false
    return false
  }
}

function ignore(): void {}
