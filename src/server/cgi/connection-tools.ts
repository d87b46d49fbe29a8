// The parts of a gateway engine that its connections share.

import type { Dispatcher } from '../dispatcher.ts'
import type { HttpTransport } from '../engine.ts'
import type { ListenerContext } from '../listener-context.ts'
import type { Settings } from '../options.ts'
import type { GatewayProtocol } from './protocol.ts'

/** The parts of an engine that its connections share. */
export interface ConnectionTools {
  context: ListenerContext
  dispatcher: Dispatcher
  protocol: GatewayProtocol
  settings: Settings
  /** The socket of `connection` has closed. */
  onClosed(connection: HttpTransport): void
}
