// The channels of node:diagnostics_channel on which pools tell of their processes.

import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { EndReason } from '../host-kind.ts'

/** The message of `isthmus:process:start`. The process has been started; it has not loaded its app yet. */
export interface ProcessStart {
  /** The number that the system gives the process; undefined if it could not be started. */
  pid: number | undefined
  /** The app, like `shop.wsgi:application`. */
  app: string
}

/** The message of `isthmus:process:end`. The process is gone. */
export interface ProcessEnd extends ProcessStart {
  reason: EndReason
  /** The cause of `loadFailed` and of `crashed`. */
  error: Error | undefined
}

const starts: Channel = channel('isthmus:process:start')
const ends: Channel = channel('isthmus:process:end')

export function publishStart(start: ProcessStart): void {
  starts.publish(start)
}

export function publishEnd(end: ProcessEnd): void {
  ends.publish(end)
}
