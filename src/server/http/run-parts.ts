// The parts of which a server makes the run of one HTTP request. Types only.

import type { ServerExchangeContext } from '../../async/exchange-context.ts'
import type { Identity } from '../../async/framing.ts'
import type { Log } from '../../contract/log.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { HttpTransport } from '../engine.ts'
import type { BodySettings } from './open-body.ts'

/** The settings that an exchange needs. */
interface RunSettings extends BodySettings {
  identity: Identity
  log: Log
  debug: boolean
}

/** The request of a run, its connection and its context. */
export interface RunParts {
  transport: HttpTransport
  request: RequestHead
  /** The value of `scope['isthmus.exchange']`. */
  context: ServerExchangeContext
  settings: RunSettings
}
