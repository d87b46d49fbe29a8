// A request or a WebSocket of an app that awaits, and the things of its host.

import type { Channels } from '../../contract/channels.ts'
import type { EventApp, ReceiveEvent } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type {
  BodyMessage,
  CancelMessage,
  CreditMessage,
  EventMessage,
  Extensions,
  WarnMessage,
} from '../protocol/messages.ts'
import type { EventLink } from './event-link.ts'

/** A message that follows the first one of a request or a WebSocket. */
export type Continuation =
  | BodyMessage
  | CancelMessage
  | CreditMessage
  | EventMessage<ReceiveEvent>
  | WarnMessage

/** A request or a WebSocket of the app. */
export interface EventExchange {
  readonly id: number
  /** Calls the app at the time `now`. Never throws: the gateway gets the error as a message. */
  run(now: number): void
  /** Takes a message that follows the first one. */
  take(message: Continuation): void
  /** The host is about to end. */
  warn(reason: Error): void
}

/** The things of the host that an exchange needs. */
export interface Hosted {
  readonly app: EventApp
  readonly link: EventLink
  readonly log: Log
  /** The channels of the exchanges that arrive now. */
  readonly channels: Channels | undefined
  /** The extensions of the exchanges that arrive now. */
  readonly extensions: { readonly http: Extensions; readonly websocket: Extensions }
  /** The state of an exchange that arrives now: a copy of that of the server's lifespan and of this app. */
  newState(): Record<string, unknown>
  /** The app has ended. */
  onEnd(exchange: EventExchange): void
}
