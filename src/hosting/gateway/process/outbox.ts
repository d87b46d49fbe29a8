// The frames to one process. Those of one turn of the event loop leave together, since every write may be a wake-up.

import type { Socket } from 'node:net'

/** Frames above this length are not copied into one buffer. */
const JOINED_BYTES = 64 * 1024
/** A process that does not take so many bytes gets no further request. */
const FULL_BYTES = 4 * 1024 * 1024

/** Writes frames into the socket at the end of each turn. */
export class Outbox {
  readonly #socket: Socket
  #frames: Buffer[] = []
  #bytes = 0
  #flushing: NodeJS.Immediate | undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Whether the process does not take the bytes that it gets. */
  get isFull(): boolean {
    return this.#socket.writableLength > FULL_BYTES
  }

  /** Sends `frame` at the end of this turn. */
  push(frame: Buffer): void {
    this.#frames.push(frame)
    this.#bytes += frame.length
    this.#flushing ??= setImmediate(this.flush)
  }

  /** Sends all frames now. */
  readonly flush = (): void => {
    clearImmediate(this.#flushing)
    this.#flushing = undefined
    const frames = this.#frames
    const bytes = this.#bytes
    if (frames.length === 0) return
    this.#frames = []
    this.#bytes = 0
    if (!this.#socket.writable) return
    if (frames.length === 1) this.#socket.write(frames[0] as Buffer)
    else if (bytes <= JOINED_BYTES) this.#socket.write(Buffer.concat(frames, bytes))
    else this.#writeEach(frames)
  }

  /** The process is gone. */
  close(): void {
    clearImmediate(this.#flushing)
  }

  #writeEach(frames: readonly Buffer[]): void {
    this.#socket.cork()
    for (const frame of frames) this.#socket.write(frame)
    this.#socket.uncork()
  }
}
