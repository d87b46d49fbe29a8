// The receiving side of a socket: its `data` events, or reads into one buffer for all connections, if Node offers these.

import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'

type OnBytes = (bytes: Buffer) => void

/** The receiving side of one socket. */
export interface ByteSource {
  readonly socket: Socket
  /** The next read of any connection overwrites the bytes: a receiver that keeps bytes copies them. */
  readonly isLent: boolean
  /** Hands the bytes to `onBytes` as they arrive. */
  start(onBytes: OnBytes): void
  /** Pauses the socket. Bytes that arrive from now on stay in it for the next reader. */
  stop(): void
}

/**
 * Takes over a socket that was accepted with `pauseOnConnect`, or a socket under TLS. The source may have another socket:
 * do not use `accepted` any more.
 */
export function byteSource(accepted: Socket): ByteSource {
  // The end of a client that has already been read would not come a second time.
  const handle = accepted.readableEnded || hasEnded(accepted) ? undefined : handleOf(accepted)
  if (handle === undefined) return new EventSource(accepted)
  const firstBytes = accepted.readableLength > 0 ? (accepted.read() as Buffer) : null
  // Two sockets must not share a handle, so the first one gives it up.
  Object.assign(accepted, { _handle: null })
  accepted.destroy()
  return new LentSource(handle, firstBytes)
}

// `readableEnded` is true only after the bytes that wait have been read. Node has no documented name for the other state.
function hasEnded(socket: Socket & { _readableState?: { ended?: boolean } }): boolean {
  return socket._readableState?.ended === true
}

// Node allocates 64 KiB for every read and gives the unused part back: a tenth of the cost of a small request. The option
// `onread` avoids the allocation. Node documents it for outgoing sockets only; accepted sockets accept it too, together
// with their handle, which is not documented. If a version of Node has another handle, `data` events serve.
function handleOf(socket: Socket): object | undefined {
  // On Windows the read that is under way already has its buffer.
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
// The view of the last read. Most reads are as long as the read before, and a view costs as much as to parse a small head.
let view = LENT

// A property of the socket: with it, all sockets share the function that gets their reads.
const ON_BYTES = Symbol('onBytes')
type LentSocket = Socket & { [ON_BYTES]?: OnBytes | undefined }

const ONREAD = { buffer: LENT, callback: onRead }

class LentSource implements ByteSource {
  readonly isLent = true
  readonly socket: LentSocket
  readonly #firstBytes: Buffer | null

  constructor(handle: object, firstBytes: Buffer | null) {
    this.#firstBytes = firstBytes
    this.socket = new Socket(Object.assign({ allowHalfOpen: true, onread: ONREAD }, { handle }))
  }

  start(onBytes: OnBytes): void {
    this.socket[ON_BYTES] = onBytes
    const bytes = this.#firstBytes
    // Before the next read, and after the constructor of the connection.
    if (bytes !== null) process.nextTick(() => this.socket[ON_BYTES]?.(bytes))
  }

  stop(): void {
    this.socket[ON_BYTES] = undefined
    // pause() of a socket with `onread` stops reading, and misses the end; that of its base class does not.
    Readable.prototype.pause.call(this.socket)
  }
}

// False pauses the socket.
function onRead(this: LentSocket, size: number): boolean {
  if (view.length !== size) view = LENT.subarray(0, size)
  const onBytes = this[ON_BYTES]
  if (onBytes === undefined) return this.push(Buffer.from(view))
  onBytes(view)
  return true
}
