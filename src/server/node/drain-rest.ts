// What is left of a request body after the response: read and dropped up to a bound, so that the client
// gets to see the response, and no further, so that nobody can make us read for ever.

import type { IncomingMessage } from 'node:http'

const MAX_BYTES = 1024 * 1024
const MAX_MS = 5_000

/**
 * Drops the rest of `req`. When there is more than a megabyte, or it takes more than five seconds, the
 * connection is closed. Until then a closing socket is kept open for reading, because closing it with unread
 * bytes resets the connection and the response with it (RFC 9112, 9.6).
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
  // node:http calls destroySoon() behind a response that closes; for the time of the rest it only half-closes.
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
