// What all connections of an engine share.

import type { TimerWheel } from '../../waiting/timer-wheel.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Settings } from '../options.ts'
import type { WebSockets } from '../websocket/websockets.ts'

/** Made by the engine, once. */
export interface ConnectionTools {
  dispatcher: Dispatcher
  webSockets: WebSockets
  wheel: TimerWheel
  settings: Settings
}
