// What isthmus bench and the process that hosts the app say to one another.

import type { StyledApp } from '../../bridge/style.ts'
import type { NamedApps } from '../load-mounted.ts'

/** To the host: apps to serve, then marks around what is measured, then the end. */
export type ToHost = { type: 'open'; apps: NamedApps } | { type: 'begin' | 'read' | 'close' }

/** Where an app is mounted, and its style. */
export interface Mounted {
  prefix: string
  style: StyledApp['style']
}

/** What the host has used since `begin`. */
export interface Usage {
  /** CPU time of the process with all its threads. */
  cpuMs: number
  /** How long the event loop was at work. */
  loopMs: number
  /** The longest time that it did nothing else. */
  longestMs: number
}

/** From the host. `isUsage`: the command line names what is not there. */
export type FromHost =
  | { type: 'listening'; url: string; mounts: Mounted[] }
  | { type: 'failed'; message: string; isUsage: boolean }
  | { type: 'begun' }
  | ({ type: 'usage' } & Usage)
