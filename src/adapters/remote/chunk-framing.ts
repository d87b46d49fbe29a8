// The framing of a chunked request body on the wire (RFC 9112, 7.1). undici ends a chunk, and the head, only with the next
// chunk. A server that reads chunk by chunk then waits within a chunk, and one that never sees its end may wait for ever.

import type { Socket } from 'node:net'

const CHUNKED_HEAD = 'transfer-encoding: chunked\r\n'
const SIZE_LINE = /^\r\n[\da-f]+\r\n$/
const LAST_CHUNK = '\r\n0\r\n\r\n'

type Write = (data: string | Uint8Array, encoding?: BufferEncoding) => boolean

/** Makes the writes of undici on `socket` end the head and each chunk at once. Returns a function that takes it back. */
export function endChunksAtOnce(socket: Socket): () => void {
  const write = socket.write.bind(socket) as Write
  let isChunked = false

  const framed: Write = (data, encoding) => {
    if (typeof data !== 'string') return isChunked ? endedChunk(write, data) : write(data)
    if (!isChunked) {
      isChunked = data.endsWith(CHUNKED_HEAD)
      return write(isChunked ? `${data}\r\n` : data, encoding)
    }
    const isFraming = data === LAST_CHUNK || SIZE_LINE.test(data)
    return write(isFraming ? data.slice(2) : data, encoding)
  }

  socket.write = framed as Socket['write']
  // The method of the prototype is back without it.
  return () => void Reflect.deleteProperty(socket, 'write')
}

// undici corks the socket around a chunk, so that all of this is one write.
function endedChunk(write: Write, data: Uint8Array): boolean {
  write(data)
  return write('\r\n', 'latin1')
}
