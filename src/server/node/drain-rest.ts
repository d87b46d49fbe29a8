// The rest of a request body after its response. It is read and dropped, so that the client can read the response, and
// only up to a limit, so that a client cannot make the server read for ever.

import type { IncomingMessage } from 'node:http'

const MAX_BYTES = 1024 * 1024
const MAX_MS = 5_000

/**
 * Drops the rest of `req`. The connection is closed when the rest has more than one megabyte, or takes more than five
 * seconds. Until then a closing socket stays open for reading: closing it with unread bytes resets the connection, and the
 * client loses the response (RFC 9112, 9.6).
 */
export function drainRest(req: IncomingMessage): void {
  const { socket } = req
  const timer = setTimeout(() => socket.destroy(), MAX_MS)
  let droppedBytes = 0
  let closing = false

  req.removeAllListeners('data')
  req.on('data', (chunk: Uint8Array) => {
    droppedBytes += chunk.byteLength
    if (droppedBytes > MAX_BYTES) socket.destroy()
  })
  // node:http calls destroySoon() after a response that closes. While the rest is read, the socket only half-closes.
  socket.destroySoon = () => {
    closing = true
    socket.end()
  }
  req.once('close', () => {
    clearTimeout(timer)
    Reflect.deleteProperty(socket, 'destroySoon')
    if (closing) socket.destroySoon()
  })
  req.resume()
}
