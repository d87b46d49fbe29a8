// The messages between the channels of a process or thread and the relay that serves them. Types only: each message is
// data that a MessagePort can carry.

import type { Position } from '../../contract/channels.ts'
import type { Envelope, Past, Payload } from '../broker.ts'

/** A message of a client to its relay. */
export type ToRelay =
  | PublishMessage
  | { readonly type: 'follow'; readonly id: number; readonly group: string }
  | { readonly type: 'unfollow'; readonly group: string }
  | {
      readonly type: 'read'
      readonly id: number
      readonly group: string
      readonly since: Position | null
    }
  | TakenMessage

/** A message of a relay to its client. */
export type ToClient =
  /** The relay has passed on this number of messages that the client has published. */
  | { readonly type: 'accepted'; readonly count: number }
  /** The messages of the group come from now on. */
  | { readonly type: 'followed'; readonly id: number }
  | PastMessage
  | { readonly type: 'message'; readonly envelope: Envelope }
  | MissedMessage

export interface PublishMessage {
  readonly type: 'publish'
  readonly group: string
  readonly payload: Payload
  /** The messages of this group that the client has dropped before this one. */
  readonly lost: number
}

/** The client has worked off this part of its window; see {@link weightOf}. */
interface TakenMessage {
  readonly type: 'taken'
  readonly count: number
  readonly bytes: number
}

interface PastMessage {
  readonly type: 'past'
  readonly id: number
  readonly past: Past
}

/** Messages of these groups did not reach the client. The number is null if the broker of the relay does not know it. */
export interface MissedMessage {
  readonly type: 'missed'
  readonly groups: ReadonlyArray<readonly [group: string, count: number | null]>
}

/** Carries messages to the other side, in order. */
export interface LinkPort<Message> {
  post(message: Message): void
  /** The client is closed, and posts nothing more. */
  close?(): void
}

/** The bound of the messages that wait for the other side, in each direction. */
export interface LinkBounds {
  /** The most messages. */
  readonly maxPending: number
  /** The most bytes, by the length of the messages. */
  readonly maxPendingBytes: number
}
