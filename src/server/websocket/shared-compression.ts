// Compresses a text once that goes to many WebSockets.

import { deflateOf } from './deflate-extension.ts'
import type { WebSocket } from 'ws'
import type { Coded, DeflateExtension } from './deflate-extension.ts'

// The last text stays in memory.
const MAX_SHARED_CHARS = 1024 * 1024
const MAX_WINDOW_BITS = 15

/** A message of one socket that waits for its compressed bytes. */
interface Waiting {
  /** Compresses with the socket's own deflater. */
  compress: DeflateExtension['compress']
  callback: Coded
}

/** One text, and its compressed bytes as soon as they are there. */
interface Shared {
  text: string
  bytes: Buffer | undefined
  waiting: Waiting[]
}

/**
 * The last text that the WebSockets of one server have compressed. Without context takeover, its compressed bytes are the
 * same for each socket (RFC 7692, 7.1.1). So the first socket compresses it, and the others take the bytes.
 *
 * This class takes the place of a socket's deflater, and writes no frames: `ws` keeps the order. Later messages, pings and
 * the close wait in `ws` until the message is compressed.
 */
export class SharedCompression {
  #last: Shared | undefined

  /** From now on, `frames` takes part. A socket without the extension stays as it is. */
  join(frames: WebSocket): void {
    const extension = deflateOf(frames)
    if (extension === undefined || !isShareable(extension.params)) return
    const compress = extension.compress.bind(extension)
    extension.compress = (data, fin, callback) => {
      const isShared = typeof data === 'string' && fin && data.length <= MAX_SHARED_CHARS
      if (isShared) this.#compress(data, { compress, callback })
      else compress(data, fin, callback)
    }
  }

  #compress(text: string, message: Waiting): void {
    const last = this.#last
    if (last === undefined || last.text !== text) this.#begin(text, message)
    else if (last.bytes === undefined) last.waiting.push(message)
    // A socket with a long queue of the same text would call itself for each message of the queue.
    else process.nextTick(message.callback, null, last.bytes)
  }

  #begin(text: string, { compress, callback }: Waiting): void {
    const shared: Shared = { text, bytes: undefined, waiting: [] }
    this.#last = shared
    compress(text, true, (error, bytes) => {
      const { waiting } = shared
      shared.waiting = []
      shared.bytes = bytes
      if (bytes === undefined && this.#last === shared) this.#last = undefined
      callback(error, bytes)
      // The connection that compressed has ended: the next one compresses.
      for (const message of waiting) {
        if (bytes === undefined) this.#compress(text, message)
        else process.nextTick(message.callback, null, bytes)
      }
    })
  }
}

function isShareable(params: Record<string, unknown>): boolean {
  const { server_no_context_takeover: isReset, server_max_window_bits: bits = MAX_WINDOW_BITS } =
    params
  return isReset === true && bits === MAX_WINDOW_BITS
}
