// The check of the opening handshake, before the app gets it (RFC 6455, 4.2.1).

import { BadRequestError } from '../../errors.ts'
import { getListHeader, isToken } from '../../http/headers.ts'
import { listHasToken, listMembers } from '../../http/list.ts'
import { checkOrigin } from './origins.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { Origins } from './origins.ts'

// 16 bytes in base64.
const KEY = /^[+/0-9A-Za-z]{22}==$/

/**
 * Checks the opening handshake and returns the subprotocols that it offers, in order.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) with status 426 for another version than 13, 403 for an
 *   origin that `origins` does not allow, 400 for other faults
 */
export function checkHandshake(head: RequestHead, origins: Origins): string[] {
  const { method, httpVersion, headers } = head
  // Repeated fields are joined by commas. No check lets such a value pass for a field that is no list.
  const field = (name: string): string | undefined => getListHeader(headers, name)
  // RFC 8441, 5: in HTTP/2 the pseudo-fields replace the method, Connection, Upgrade, and the exchange of keys.
  if (httpVersion === '2') return checkedSubprotocols(head, origins)
  if (method !== 'GET' || httpVersion !== '1.1') {
    throw new BadRequestError('a WebSocket handshake is a GET of HTTP/1.1')
  }
  if (
    field('upgrade')?.toLowerCase() !== 'websocket' ||
    !listHasToken(field('connection'), 'upgrade')
  ) {
    throw new BadRequestError('the request upgrades to another protocol than WebSocket')
  }
  checkVersion(head)
  if (!KEY.test(field('sec-websocket-key') ?? '')) {
    throw new BadRequestError('Sec-WebSocket-Key is missing or malformed')
  }
  // The server would read a body as frames, and a proxy on the way would not.
  const isChunked = field('transfer-encoding') !== undefined
  if (isChunked || (field('content-length') ?? '0') !== '0') {
    throw new BadRequestError('a WebSocket handshake has no body')
  }
  return checkedSubprotocols(head, origins)
}

function checkedSubprotocols(head: RequestHead, origins: Origins): string[] {
  checkVersion(head)
  checkOrigin(head, origins)
  return parseSubprotocols(getListHeader(head.headers, 'sec-websocket-protocol'))
}

function checkVersion({ headers }: RequestHead): void {
  if (getListHeader(headers, 'sec-websocket-version') === '13') return
  throw new BadRequestError('the WebSocket version must be 13', 426)
}

function parseSubprotocols(field: string | undefined): string[] {
  if (field === undefined) return []
  const names = listMembers(field)
  if (!names.every(isToken) || new Set(names).size !== names.length) {
    throw new BadRequestError('Sec-WebSocket-Protocol must be a list of distinct tokens')
  }
  return names
}
