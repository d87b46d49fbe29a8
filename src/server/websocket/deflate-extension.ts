// The permessage-deflate of one WebSocket of the package `ws` (RFC 7692).

import type { WebSocket } from 'ws'

/** Called once for each message, also if the connection has ended. */
export type Coded = (error: Error | null, data?: Buffer) => void

/** The object that `ws` calls for each compressed message of a socket, one message after the other in each direction. */
export interface DeflateExtension {
  /** The parameters that server and client agreed on. */
  params: Record<string, unknown>
  compress(data: Buffer | string, fin: boolean, callback: Coded): void
  decompress(data: Buffer, fin: boolean, callback: Coded): void
}

/** The extension of a socket; undefined if the client does not have it, or the version of `ws` has no such object. */
export function deflateOf(frames: WebSocket): DeflateExtension | undefined {
  // The `ws` package does not document this object.
  const { _receiver: receiver } = frames as {
    _receiver?: { _extensions?: Record<string, DeflateExtension | undefined> }
  }
  return receiver?._extensions?.['permessage-deflate']
}
