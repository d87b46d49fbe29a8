// Stops the inflater of a paused WebSocket: one read of 64 KiB can have a thousand times as many bytes inflated.

import { deflateOf } from './deflate-extension.ts'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { DeflateExtension } from './deflate-extension.ts'

/** A message that waits for the inflater. */
interface Held {
  inflate(): void
  drop(): void
}

/**
 * Holds the compressed messages that `ws` has read before its socket was paused. `ws` waits for the inflater, so it takes
 * no further frame.
 */
export class InflateGate {
  readonly #frames: WebSocket
  readonly #socket: Socket
  #held: Held | undefined

  constructor(frames: WebSocket, socket: Socket) {
    this.#frames = frames
    this.#socket = socket
    const extension = deflateOf(frames)
    // In a version of `ws` without this object, a paused socket inflates up to the end of the bytes that were read.
    if (extension === undefined) return
    this.#guard(extension)
    // A message that waits for the gate would hold up the end.
    socket.once('close', () => this.#held?.drop())
  }

  /** Lets the messages through: the socket is not paused any more. */
  open(): void {
    const held = this.#held
    this.#held = undefined
    held?.inflate()
  }

  #guard(inflater: DeflateExtension): void {
    const decompress = inflater.decompress.bind(inflater)
    inflater.decompress = (data, fin, callback) => {
      const inflate = (): void => decompress(data, fin, callback)
      const drop = (): void =>
        callback(new Error('the connection ended before its messages were read'))
      if (!this.#frames.isPaused) inflate()
      else if (this.#socket.destroyed) drop()
      else this.#held = { inflate, drop }
    }
  }
}
