// The listeners of all WebSockets: each function serves every socket, so that an idle socket holds no closures.

import type { Socket } from 'node:net'

/** The receiver of the events of a socket. */
export interface SocketOwner {
  onData(chunk: Buffer): void
  onDrain(): void
  onEnd(): void
  onClosed(): void
}

const OWNER = Symbol('owner')

type OwnedSocket = Socket & { [OWNER]?: SocketOwner }

/** Reports the end of `socket` to `owner`, and its bytes after {@link readOwned}. */
export function own(socket: Socket, owner: SocketOwner): void {
  ;(socket as OwnedSocket)[OWNER] = owner
  // Node remembers the addresses that were read, and reads them again on demand.
  Object.assign(socket, { _peername: null, _sockname: null })
  socket.on('close', onClose).on('end', onEnd)
}

/** From now on the owner gets the bytes of `socket`. The caller resumes the socket. */
export function readOwned(socket: Socket): void {
  socket.on('data', onData)
}

/** From now on the owner gets the drains of `socket`. */
export function watchDrains(socket: Socket): void {
  socket.on('drain', onDrain)
}

/** The end of the client's side is expected, and no report for the owner. */
export function ignoreEnd(socket: Socket): void {
  socket.off('end', onEnd)
}

/** Ends all reports. */
export function disown(socket: Socket): void {
  socket.off('data', onData).off('drain', onDrain).off('close', onClose).off('end', onEnd)
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[OWNER]?.onData(chunk)
}

function onDrain(this: OwnedSocket): void {
  this[OWNER]?.onDrain()
}

function onClose(this: OwnedSocket): void {
  this[OWNER]?.onClosed()
}

function onEnd(this: OwnedSocket): void {
  this[OWNER]?.onEnd()
}
