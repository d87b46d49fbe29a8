// The opening handshake: what a request has to say before an app hears of it (RFC 6455, 4.2.1).

import { BadRequestError } from '../../errors.ts'
import { getListHeader, isToken, listHasToken } from '../../http/headers.ts'
import type { RequestHead } from '../scope.ts'

// 16 bytes in base64.
const KEY = /^[+/0-9A-Za-z]{22}==$/

/**
 * Checks the opening handshake and returns the subprotocols that it offers, in order.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) with status 426 for another version than 13, else 400
 */
export function checkHandshake(head: RequestHead): string[] {
  const { method, httpVersion, headers } = head
  // Where a repeated field is no list, none of the checks lets one pass.
  const field = (name: string): string | undefined => getListHeader(headers, name)
  if (method !== 'GET' || httpVersion !== '1.1') {
    throw new BadRequestError('a WebSocket handshake is a GET of HTTP/1.1')
  }
  if (
    field('upgrade')?.toLowerCase() !== 'websocket' ||
    !listHasToken(field('connection'), 'upgrade')
  ) {
    throw new BadRequestError('this upgrades to something else than a WebSocket')
  }
  if (field('sec-websocket-version') !== '13') {
    throw new BadRequestError('the WebSocket version must be 13', 426)
  }
  if (!KEY.test(field('sec-websocket-key') ?? '')) {
    throw new BadRequestError('Sec-WebSocket-Key is missing or malformed')
  }
  // A body would be read as frames: whatever is in it, somebody on the way may see it differently.
  const isChunked = field('transfer-encoding') !== undefined
  if (isChunked || (field('content-length') ?? '0') !== '0') {
    throw new BadRequestError('a WebSocket handshake has no body')
  }
  return parseSubprotocols(field('sec-websocket-protocol'))
}

function parseSubprotocols(field: string | undefined): string[] {
  if (field === undefined) return []
  const names = field.split(/[ \t]*,[ \t]*/)
  if (!names.every(isToken) || new Set(names).size !== names.length) {
    throw new BadRequestError('Sec-WebSocket-Protocol must be a list of distinct tokens')
  }
  return names
}
