// A request or a WebSocket in the eyes of its pool and of the thread that has it.

import type { SendEvent } from '../../contract/events.ts'
import type {
  CallMessage,
  EventMessage,
  FailureMessage,
  PartMessage,
  ToHost,
  WantMessage,
  WatchMessage,
} from '../protocol/messages.ts'
import type { HostRelays } from './host-relays.ts'
import type { ScheduledRequest } from './scheduler/host-port.ts'
import type { SentExtensions } from './sent-extensions.ts'
import type { SentState } from './sent-state.ts'

/** The things that a host has got before: the next message contains the changes. */
interface SentBefore {
  state: SentState
  channels: HostRelays
  http: SentExtensions
  websocket: SentExtensions
}

/** The way of a request to a host. */
export interface Dispatch {
  post: (message: ToHost) => void
  sent: SentBefore
  /** The time at which the request times out, in ms since the epoch; undefined for never. */
  deadline: number | undefined
  /** Whether the host runs requests at the same time. */
  isSideBySide: boolean
  /** The request that this one runs inside of; null: it runs in its turn. */
  nestedIn: number | null
}

/** A message of a host about one request. */
export type RequestReport =
  | WantMessage
  | PartMessage
  | FailureMessage
  | CallMessage
  | EventMessage<SendEvent>
  | WatchMessage

/** Lives from the arrival to the end. It may go to a second host as long as the first has not begun. */
export interface PoolRequest extends ScheduledRequest {
  /** Resolves when the exchange is over on the side of the app, or its response is whole; rejects with its error. */
  readonly ended: Promise<void>
  /** Sends the request to a host. */
  dispatch(dispatch: Dispatch): void
  /** Takes a message of the host. */
  take(message: RequestReport): void
  /** The host has ended the request. */
  done(): void
  /** Gives the request up, and tells the host. */
  cancel(error: Error): void
}
