// The seam between the channels of a process and the broker that connects processes. Types only.

import type { Position } from '../contract/channels.ts'

/** JSON text, or bytes. */
export type Payload = string | Uint8Array

/** A message as a broker carries it. */
export interface Envelope {
  readonly group: string
  readonly payload: Payload
  /** Null for a group without a history. */
  readonly position: Position | null
  /** The messages of this group that are lost on their way before this one; null if the number is not known, zero included. */
  readonly lost: number | null
}

/** The past of a group: the position of its newest message, and the messages that a consumer may not have. */
export interface Past {
  /** The newest message of the group; offset 0 if there was none yet. */
  readonly position: Position
  /** Those of the kept messages that come after `since`, in order: all of them if its epoch is another one; none without `since`. */
  readonly messages: readonly Envelope[]
}

/** The reports of a broker. */
export interface BrokerEvents {
  /** A message of a group that is followed, in the order of its publishers. A message may come twice. */
  onMessage(envelope: Envelope): void
  /**
   * Messages of these groups may be lost since the connection was interrupted; the groups are followed again. Messages of
   * before the interruption come before the report; those of a history may come later too.
   */
  onResumed(groups: readonly string[]): void
  /** This number of messages of a followed group is lost, because this process did not take them in time. */
  onLost(group: string, count: number): void
  /** A line for the operator: the broker is away, or is back. */
  onWarning(fields: Record<string, unknown>, message: string): void
}

/**
 * Connects the channels of several processes. `memory` is one that connects nothing. Its functions never throw, and never
 * wait for the network.
 */
export interface Broker {
  readonly isConnected: boolean
  /** The messages that wait for the network. */
  readonly pending: number
  /** The messages that were taken and are lost, or perhaps lost. Without it there are none. */
  readonly unsent?: number
  /**
   * Takes a message; false: too many wait, and this one is dropped. The broker tells the drop with its next message.
   *
   * @param lost the messages of the group that were dropped before they reached the broker; it tells them too. Default 0
   */
  publish(group: string, payload: Payload, lost?: number): boolean
  /**
   * The first consumer of a group is there. The promise resolves when its messages come; while the broker is away, it waits.
   * Undefined: they come at once.
   */
  follow(group: string): Promise<void> | undefined
  /** The last consumer of a group has left. */
  unfollow(group: string): void
  /**
   * The past of a followed group that keeps a history. The promise waits while the broker is away, and rejects at `close` only.
   *
   * @param since null: only the position of the newest message
   */
  read(group: string, since: Position | null): Past | Promise<Past>
  close(): Promise<void>
}

/** Makes a broker that reports to `events`. */
export type BrokerFactory = (events: BrokerEvents) => Broker
