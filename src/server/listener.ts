// Connections that another part of the program accepts, in the place of a listening socket of the server's own.

import type { Socket } from 'node:net'
import type { ServerAddress } from './engine.ts'

/**
 * A source of connections for the option `listener` of `serve()`. A program implements it that accepts connections itself, or
 * gets them from another process.
 */
export interface Listener {
  /** The place to which clients connect. */
  readonly address: ServerAddress
  /**
   * Begins: `accept` gets each connection, of which no byte has been read. A promise delays the end of the start of the
   * server; `address` is read after it.
   */
  open(accept: (socket: Socket) => void): void | Promise<void>
  /** Ends: resolves after the last connection has been given. Connections that are open are not touched. */
  close(): Promise<void>
}
