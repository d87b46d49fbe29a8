// The messages between a master and its workers, over the IPC channel. Both sides are the same package, so they have no
// version.

import { hasPrefix } from './connection-messages.ts'
import type { ServerAddress } from '../server/engine.ts'
import type { Failure } from './report-failure.ts'

/** The variable of the environment that makes a process a worker; its value is the number of the worker. */
export const WORKER_VARIABLE = 'ISTHMUS_WORKER_NUMBER'

/** The state of a worker, each second, from its event loop. */
export interface Beat {
  readonly type: 'isthmus.worker.beat'
  /** The requests and WebSocket handshakes since the start. */
  readonly requests: number
  readonly connections: number
  readonly rssBytes: number
  /** The longest delay of a timer since the beat before. */
  readonly loopDelayMs: number
}

/** From a worker to its master. */
export type FromWorker =
  /** The lifespan of the app is started: the worker can take connections. */
  | { readonly type: 'isthmus.worker.ready' }
  | Beat
  /** The worker wants to end: another one takes its place first. */
  | { readonly type: 'isthmus.worker.leave'; readonly reason: string }
  /** The app did not load or start. The worker ends with the status of the failure. */
  | ({ readonly type: 'isthmus.worker.failed' } & Failure)

/** From a master to a worker. */
export type FromMaster =
  /** The master listens: the start of the worker is complete. */
  | { readonly type: 'isthmus.worker.opened'; readonly address: ServerAddress }
  /** The worker drains, and ends. */
  | { readonly type: 'isthmus.worker.drain' }

const PREFIX = 'isthmus.worker.'

/** The message of a worker, or undefined if it is one of another user of the channel. */
export function fromWorker(message: unknown): FromWorker | undefined {
  return hasPrefix(message, PREFIX) ? (message as FromWorker) : undefined
}

/** The message of a master, or undefined if it is one of another user of the channel. */
export function fromMaster(message: unknown): FromMaster | undefined {
  return hasPrefix(message, PREFIX) ? (message as FromMaster) : undefined
}
