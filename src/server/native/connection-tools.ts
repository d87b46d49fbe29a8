// The parts of a native engine that its connections share.

import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { WebSockets } from '../websocket/websockets.ts'
import type { ListenerContext } from '../listener-context.ts'

/** The parts of an engine that its connections share. */
export interface ConnectionTools {
  context: ListenerContext
  dispatcher: Dispatcher
  webSockets: WebSockets
  settings: Settings
}
