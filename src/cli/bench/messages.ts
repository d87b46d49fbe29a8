// The messages between isthmus bench and the process that hosts the app.

import type { StyledApp } from '../../bridge/style.ts'
import type { NamedApps } from '../load-mounted.ts'

/** The messages to the host: the apps to serve, the marks around each measurement, and the end. */
export type ToHost =
  | { type: 'open'; apps: NamedApps }
  | { type: 'read'; requests: number }
  | { type: 'begin' | 'close' }

/** The prefix and the style of a mounted app. */
export interface Mounted {
  prefix: string
  style: StyledApp['style']
}

/** The resources that the host has used since `begin`. */
export interface Usage {
  /** CPU time of the process with all its threads. */
  cpuMs: number
  /** The time for which the event loop was busy. */
  loopMs: number
  /** The time for which the event loop stood still in most requests. */
  standstillMs: number
  /** The longest time for which the event loop was blocked. */
  longestMs: number
}

/**
 * The messages from the host. `mounts` is empty with threads. `isUsage` means that the command line names a file or an
 * export that does not exist.
 */
export type FromHost =
  | { type: 'listening'; url: string; mounts: Mounted[] }
  | { type: 'failed'; message: string; isUsage: boolean }
  | { type: 'begun' }
  | ({ type: 'usage' } & Usage)
