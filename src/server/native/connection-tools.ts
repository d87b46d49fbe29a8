// The parts of a native engine that its connections share.

import type { Socket } from 'node:net'
import type { Dispatcher } from '../dispatcher.ts'
import type { HttpTransport } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { WebSockets } from '../websocket/websockets.ts'
import type { ListenerContext } from '../listener-context.ts'

/** The parts of an engine that its connections share. */
export interface ConnectionTools {
  context: ListenerContext
  dispatcher: Dispatcher
  webSockets: WebSockets
  settings: Settings
  /** The socket of `connection` has closed. */
  onClosed(connection: HttpTransport): void
  /** The socket of `connection` belongs to a WebSocket from now on. */
  onUpgraded(connection: HttpTransport, socket: Socket): void
}
