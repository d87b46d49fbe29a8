// The channels of node:diagnostics_channel on which pools tell of their threads.

import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { EndReason } from './host-kind.ts'

/** The message of `isthmus:thread:start`. The thread has been started; it has not loaded its app yet. */
export interface ThreadStart {
  /** The number that Node gives the thread. */
  threadId: number
  /** The URL of the module of the app. */
  url: string
  /** The export that is the app. */
  export: string
}

/** The message of `isthmus:thread:end`. The thread is gone. */
export interface ThreadEnd extends ThreadStart {
  reason: EndReason
  /** The cause of `loadFailed` and of `crashed`. */
  error: Error | undefined
}

const starts: Channel = channel('isthmus:thread:start')
const ends: Channel = channel('isthmus:thread:end')

export function publishStart(start: ThreadStart): void {
  starts.publish(start)
}

export function publishEnd(end: ThreadEnd): void {
  ends.publish(end)
}
