// mapBody(): a middleware that changes the body.

import { AppError } from '../errors.ts'
import type { BodyMap } from './body-map.ts'
import type { ChainResponse, Outgoing } from './response.ts'

/**
 * Changes the body of `response` on its way. Its Content-Length is taken away, because it will be another one. Nothing
 * is called before the first chunk comes; a file that the server would have sent by itself is read for it; trailers
 * pass. The maps of inner middleware come first.
 *
 * @returns `response`
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for a 101, which has no body
 *
 * @example
 * return mapBody(response, { chunk: (chunk) => Buffer.from(chunk).toString('latin1').toUpperCase() })
 */
export function mapBody(response: ChainResponse, map: BodyMap): ChainResponse {
  if (response.status === 101) throw new AppError('mapBody(): a WebSocket has no body')
  ;(response as Outgoing).map(map)
  return response
}
