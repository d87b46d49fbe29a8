// The response of a sync app that denies the handshake of a WebSocket.

import { ResponseParts } from './response-parts.ts'
import type { Send, SendEvent } from '../../contract/events.ts'
import type { StoreBounds } from './buffering/byte-store.ts'
import type { ResponseOwner } from './response-parts.ts'

/**
 * Sends the parts of a response as a denial. It is buffered like any response of the pool, so a slow client does not hold
 * the host.
 */
export function denialParts(owner: ResponseOwner, send: Send, bounds: StoreBounds): ResponseParts {
  return new ResponseParts(owner, (event) => send(denialOf(event)), bounds)
}

// ASGI extensions, "WebSocket Denial Response": the events of a response under other names.
function denialOf(event: SendEvent): SendEvent {
  if (event.type === 'http.response.body') return { ...event, type: 'websocket.http.response.body' }
  if (event.type !== 'http.response.start') return event
  const { status, headers = [] } = event
  return { type: 'websocket.http.response.start', status, headers }
}
