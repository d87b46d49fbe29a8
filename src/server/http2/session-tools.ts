// The parts that the sessions of a server share. Types only.

import type * as http2 from 'node:http2'
import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { WebSockets } from '../websocket/websockets.ts'

export interface SessionTools {
  /** Node's module, which is loaded only for servers that speak HTTP/2. */
  http2: typeof http2
  dispatcher: Dispatcher
  settings: Settings
  webSockets: WebSockets
}
