// The data that the gateway gives to a new thread.

import type { MessagePort } from 'node:worker_threads'
import type { AppTarget } from '../../bridge/load-sync-app.ts'

/** The app that a thread runs. */
export interface ThreadTarget extends AppTarget {
  /** A sync app, or a classic wrap around an app on the event loop. */
  kind: 'app' | 'wrap'
}

/** The `workerData` of a thread until its first module has taken it. */
export interface ThreadData {
  /** The messages of the pool. The app cannot reach this port, nor the memory. */
  port: MessagePort
  target: ThreadTarget
  bell: SharedArrayBuffer
  answers: SharedArrayBuffer
  multiprocess: boolean
  nice: number
}
