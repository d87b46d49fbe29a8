// The rest of a request body after its response. It is read and dropped, so that the client can read the response, and
// only within bounds, so that a client cannot make the server read for ever.

import { LINGER_MS, MAX_DROPPED_BYTES, UPLOAD_SILENCE_MS } from '../linger.ts'
import type { IncomingMessage } from 'node:http'

/** Drops the rest of `req` within the bounds of `linger.ts`; then it closes the connection. */
export function drainRest(req: IncomingMessage): void {
  const { socket } = req
  const until = performance.now() + LINGER_MS
  const timer = setTimeout(() => socket.destroy(), UPLOAD_SILENCE_MS)
  let droppedBytes = 0
  let closing = false

  req.removeAllListeners('data')
  req.on('data', (chunk: Uint8Array) => {
    droppedBytes += chunk.byteLength
    timer.refresh()
    if (droppedBytes > MAX_DROPPED_BYTES || performance.now() > until) socket.destroy()
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
