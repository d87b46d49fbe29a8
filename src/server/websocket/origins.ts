// Which web pages may open a WebSocket: browsers send cookies with the handshake of any page (RFC 6455, 10.2).

import { BadRequestError } from '../../errors.ts'
import { getHeader, getListHeader } from '../../http/headers.ts'
import type { RequestHead } from '../../http/request-head.ts'

/**
 * `*`: pages of all origins. `same`: pages of the host that the request names. A list: pages of these origins.
 *
 * @inline
 */
export type Origins = '*' | 'same' | readonly string[]

/** Whether `value` is possible for the option: each origin of a list is written as browsers send it. */
export function areOrigins(value: unknown): boolean {
  if (value === '*' || value === 'same') return true
  return Array.isArray(value) && value.every(isOrigin)
}

/**
 * Checks the Origin of a handshake. A client that sends none is no browser, and passes.
 *
 * @throws {@link BadRequestError} (`ISTHMUS_BAD_REQUEST`) with status 403 for a page of another origin
 */
export function checkOrigin({ headers }: Pick<RequestHead, 'headers'>, allowed: Origins): void {
  if (allowed === '*') return
  // Repeated fields are joined by commas, and no origin has a comma.
  const origin = getListHeader(headers, 'origin')
  if (origin === undefined) return
  const passes =
    allowed === 'same' ? isSame(origin, getHeader(headers, 'host')) : allowed.includes(origin)
  if (!passes) {
    throw new BadRequestError(
      `the WebSocket comes from a page of ${JSON.stringify(origin)}, which websocket.origins does not allow`,
      403,
    )
  }
}

// The scheme is not compared, because TLS may end at a proxy. It decides the default port.
function isSame(origin: string, host: string | undefined): boolean {
  if (host === undefined || !isOrigin(origin) || origin === 'null') return false
  const { protocol, host: ofPage } = new URL(origin)
  const asked = `${protocol}//${host}`
  return URL.canParse(asked) && new URL(asked).host === ofPage
}

function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (value === 'null') return true
  if (!URL.canParse(value)) return false
  const { protocol, host, origin } = new URL(value)
  // URL gives "null" for schemes such as that of browser extensions.
  return host !== '' && value === (origin === 'null' ? `${protocol}//${host}` : origin)
}
