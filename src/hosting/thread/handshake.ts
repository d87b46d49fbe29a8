// The handshake of a WebSocket as the request that it is: the environ of a sync app describes a GET (RFC 6455, 4.1).

import { RESPONSE_WINDOW_BYTES } from '../protocol/flow-windows.ts'
import type { OpenMessage, RequestMessage } from '../protocol/messages.ts'

/** The request of the handshake that `message` opens. Its body is empty, and it has its own turn. */
export function handshakeOf(message: OpenMessage): RequestMessage {
  const { id, environ, context } = message
  const { subprotocols: _, ...line } = message.scope
  return {
    type: 'request',
    id,
    scope: { ...line, method: 'GET', scheme: line.scheme === 'wss' ? 'https' : 'http' },
    environ,
    hasBody: false,
    bodyWindow: 0,
    responseWindow: RESPONSE_WINDOW_BYTES,
    nestedIn: null,
    context,
    extensions: null,
  }
}
