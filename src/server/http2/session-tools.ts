// The parts that the sessions of a server share. Types only.

import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { WebSockets } from '../websocket/websockets.ts'
import type { Http2Session } from './session.ts'

export interface SessionTools {
  /** Node's module, which is loaded only for servers that speak HTTP/2. */
  http2: typeof import('node:http2')
  dispatcher: Dispatcher
  settings: Settings
  webSockets: WebSockets
  /** The socket of `session` has closed. */
  onClosed(session: Http2Session): void
}
