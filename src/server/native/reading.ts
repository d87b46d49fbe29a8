// The meaning of the bytes that a connection reads next.

import { BadRequestError } from '../../errors.ts'
import type { PeerError } from '../../errors.ts'

/**
 * The meaning of the next bytes: the first byte of a request while the connection is `idle`, more of a `head`, a `body`
 * that the app reads, or a `held-body` that the app does not ask for now. After its response, the `body-rest` is dropped;
 * `pipelined` requests wait for the response under way. `nothing`: the bytes are dropped, or belong to a WebSocket.
 */
export type Reading = 'idle' | 'head' | 'body' | 'held-body' | 'body-rest' | 'pipelined' | 'nothing'

/** The first byte, or the next one, of a request head. */
export function expectsHead(reading: Reading): boolean {
  return reading === 'idle' || reading === 'head'
}

/** A part of a body whose app is not over. */
export function expectsBody(reading: Reading): boolean {
  return reading === 'body' || reading === 'held-body'
}

/** The fault of a head that takes too long. */
export const LATE_HEAD: PeerError = new BadRequestError('the head did not arrive in time', 408)
