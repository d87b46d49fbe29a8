// The orders that the scheduler gives to the shell around it, which owns the hosts and the clock.

import type { HostEnd } from './host-end.ts'
import type { Host } from './host.ts'
import type { HostPort, ScheduledRequest } from './host-port.ts'

/** The bounds of a pool. */
export interface SchedulerLimits {
  /** The word for a host in messages, like `thread`. */
  hostName: string
  /** The beginning of its flags on the command line in messages, like `--threads`. */
  flags: string
  /** Hosts that are always there. */
  min: number
  /** The most hosts. Those that were told to end count until they are gone. */
  max: number
  /** The most requests that may wait for a host. */
  maxQueue: number
  /** The most hosts that WebSockets of a sync app may hold. */
  maxWebSockets: number
  /** The time that a request may wait for a host, in ms. */
  queueTimeoutMs: number
  /** Requests after which a host is replaced. */
  maxRequests: number
  /** The requests that a host runs at the same time, each in a thread of its own, if its app is a sync app. */
  slots: number
  /** The most requests that a host runs side by side, if its app awaits. */
  concurrency: number
  /** The time that a request may have its host to itself, in ms, or that the event loop of a host may stand still. */
  timeoutMs: number
  /** The time that a host above `min` may be idle, in ms. */
  idleTimeoutMs: number
}

/** The shell carries these out at once; its answers are calls to the scheduler, later. */
export interface SchedulerCommands<Request extends ScheduledRequest> {
  /**
   * Starts a host, and returns the way to the host.
   *
   * @throws the error of the system that has no host to give
   */
  startHost(host: Host<Request>): HostPort<Request>
  /** Ends a host at once, even if it runs code. */
  endHost(host: Host<Request>, end: HostEnd): void
  /** Finds out for the log where a host is that has exceeded the time limit; then calls `hostInspected()`. */
  inspectHost(host: Host<Request>): void
  /** No host can load the app at the moment. */
  cannotLoad(error: Error): void
  /** A request waits for an answer: the process has to go on. */
  keepProcess(): void
  /** No request waits: the pool does not keep the process any more. */
  releaseProcess(): void
}
