// The kinds of hosts that a pool can have: threads, and processes.

import type { Channels } from '../../contract/channels.ts'
import type { LoadedMessage, LogMessage, WornMessage } from '../protocol/messages.ts'
import type { PoolRequest } from './pool-request.ts'
import type { Host } from './scheduler/host.ts'
import type { HostPort } from './scheduler/host-port.ts'

/** A host of a pool, as its scheduler sees it. */
export type PoolHost = Host<PoolRequest>

/**
 * The reasons for the end of a host.
 *
 * @inline
 */
export type EndReason =
  | 'idle'
  | 'worn'
  | 'maxRequests'
  | 'reload'
  | 'closed'
  | 'loadFailed'
  | 'timedOut'
  | 'crashed'

/** The reports of a host to its pool. */
export interface HostEvents {
  onLoaded(host: PoolHost, message: LoadedMessage): void
  onLog(message: LogMessage): void
  /** Requests have left too much open in the host, or have used too much memory. */
  onWorn(host: PoolHost, message: WornMessage): void
  /** The request with this `id` is over. */
  onDone(host: PoolHost, id: number, tookMs: number, now: number): void
  /** The host has not begun the request with this `id`, and gives it back. */
  onGivenBack(host: PoolHost, id: number): void
  /** The host is gone. `cause` is the reason; undefined if the pool has ended it. */
  onExit(host: PoolHost, cause: Error | undefined): void
}

/** The way to one host, and its life. The pool stops it. */
export interface OwnedPort extends HostPort<PoolRequest> {
  /** Asks the host to end, and ends it after some time. Resolves when the host is told to end at once, or is gone. */
  stopSoon(): Promise<void>
  /** Ends the host, even if it runs code. */
  stop(): void
  /** Returns the stack of the code that the host runs, as text; undefined if it cannot be found. */
  sampleStack(): Promise<string | undefined>
  /** Tells the channel of node:diagnostics_channel that the host is gone. */
  publishEnd(reason: EndReason, error: Error | undefined): void
}

/** One kind of hosts. */
export interface HostKind {
  /** The word for a host in messages, like `thread`. */
  readonly hostName: string
  /** The beginning of its flags on the command line in messages, like `--threads`. */
  readonly flags: string
  /** The line of the log about a host that is replaced because it is worn. */
  readonly wornLine: string
  /**
   * Starts a host.
   *
   * @param channels those of the server that has opened the pool, for code outside of requests
   * @throws the error of the system that has no host to give
   */
  start(host: PoolHost, events: HostEvents, channels: Channels | undefined): OwnedPort
  /** The error of the requests of a host that has ended by itself. */
  crashed(cause: Error): Error
}
