// The data that the gateway gives to a new thread.

import type { MessagePort } from 'node:worker_threads'
import type { StyleName } from '../../adapters/style-name.ts'
import type { AppPlace } from '../../bridge/load-export.ts'
import type { ChannelsData } from './messages.ts'

/** The app that a thread runs. */
export interface ThreadTarget extends AppPlace {
  /** An app, or a classic wrap around an app on the event loop. */
  kind: 'app' | 'wrap'
  /** The style of the export; undefined: its brand or the rule decides. */
  style: StyleName | undefined
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
  /** The longest time for the end of the app's lifespan, in ms. */
  shutdownTimeoutMs: number
  /** The channels for code outside of requests, and for the first ones; null if there are none. */
  channels: ChannelsData | null
}
