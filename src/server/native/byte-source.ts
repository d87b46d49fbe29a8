// What a socket receives: by its `data` events, or read into one buffer for all connections where Node lets us.

import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'

type OnBytes = (bytes: Buffer) => void

/** The receiving side of one socket. */
export interface ByteSource {
  readonly socket: Socket
  /** What is given out is overwritten by the next read of whatever connection: who keeps it copies it. */
  readonly isLent: boolean
  /** Gives out what arrives, from now on. */
  start(onBytes: OnBytes): void
  /** What arrives from now on stays in the socket, which is paused, for whoever reads from it. */
  stop(): void
}

/**
 * Takes over a socket that was accepted with `pauseOnConnect`, or one under TLS. The socket of the source may be another
 * one: forget `accepted`.
 */
export function byteSource(accepted: Socket): ByteSource {
  const handle = handleOf(accepted)
  if (handle === undefined) return new EventSource(accepted)
  // Two sockets on one handle: the first one gives it up.
  Object.assign(accepted, { _handle: null })
  accepted.destroy()
  return new LentSource(handle)
}

// Node allocates 64 KiB for every read, and gives back what was not needed: a tenth of what a small request costs.
// Sockets that connect have `onread` against that, and those that are accepted have it too, but for the way there: the
// handle, which is not of the documented API. Where it is not what it was, `data` events do.
function handleOf(socket: Socket): object | undefined {
  // On Windows a read that is under way has its buffer already.
  if (process.platform === 'win32' || socket instanceof TLSSocket) return undefined
  const { _handle: handle } = socket as { _handle?: { useUserBuffer?: unknown } | null }
  return typeof handle?.useUserBuffer === 'function' ? handle : undefined
}

class EventSource implements ByteSource {
  readonly isLent = false
  readonly socket: Socket
  #onBytes: OnBytes | undefined

  constructor(socket: Socket) {
    this.socket = socket
  }

  start(onBytes: OnBytes): void {
    this.#onBytes = onBytes
    this.socket.on('data', onBytes).resume()
  }

  stop(): void {
    if (this.#onBytes) this.socket.off('data', this.#onBytes)
    this.socket.pause()
  }
}

const LENT = Buffer.allocUnsafeSlow(64 * 1024)
// What was read last. Most reads are as long as the one before, and a view costs as much as parsing a small head.
let view = LENT

class LentSource implements ByteSource {
  readonly isLent = true
  readonly socket: Socket
  #onBytes: OnBytes | undefined

  constructor(handle: object) {
    const onread = { buffer: LENT, callback: (size: number) => this.#onRead(size) }
    this.socket = new Socket(Object.assign({ allowHalfOpen: true, onread }, { handle }))
  }

  start(onBytes: OnBytes): void {
    this.#onBytes = onBytes
  }

  stop(): void {
    this.#onBytes = undefined
    // Not as sockets with `onread` do it, which read no further then and miss the end.
    Readable.prototype.pause.call(this.socket)
  }

  // False pauses the socket.
  #onRead(size: number): boolean {
    if (view.length !== size) view = LENT.subarray(0, size)
    if (this.#onBytes === undefined) return this.socket.push(Buffer.from(view))
    this.#onBytes(view)
    return true
  }
}
