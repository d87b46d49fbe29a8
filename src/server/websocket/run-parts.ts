// The parts of which a server makes the run of one WebSocket. Types only.

import type { ServerExchangeContext } from '../../async/exchange-context.ts'
import type { Identity } from '../../async/framing.ts'
import type { Log } from '../../contract/log.ts'
import type { WebSocketTransport } from '../engine.ts'

/** The settings that a WebSocket needs. */
interface RunSettings {
  identity: Identity
  log: Log
  websocket: {
    /** Messages that may wait for the app before the run pauses the transport, if they have 256 KiB. */
    maxQueue: number
  }
}

/** The connection of a run and its context. */
export interface RunParts {
  transport: WebSocketTransport
  /** The value of `scope['isthmus.exchange']`. */
  context: ServerExchangeContext
  settings: RunSettings
}
