// The messages between the parent of a development server and its process, beside those of a worker.

import { hasPrefix } from '../connection-messages.ts'
import type { InspectorPlace } from './inspector.ts'

/** The variable that makes a process wait for the order to load; its value is the TypeScript file of the app, or empty. */
export const SPARE_VARIABLE = 'ISTHMUS_RELOAD_SPARE'
/** The pipe to the parent for the files of all threads of the process: a path on each line. */
export const FILES_DESCRIPTOR = 4

/** From the parent: load the app. */
export interface LoadOrder {
  readonly type: 'isthmus.development.load'
  readonly load: number
  readonly inspector: InspectorPlace | null
}

/** From the process: it waits for the order; or its app listens on a port itself. */
export type FromSpare =
  | { readonly type: 'isthmus.development.warm' }
  | { readonly type: 'isthmus.development.listens' }

const PREFIX = 'isthmus.development.'

/** The order of a parent, or undefined if the message is one of another user of the channel. */
export function fromParent(message: unknown): LoadOrder | undefined {
  return hasPrefix(message, PREFIX) ? (message as LoadOrder) : undefined
}

/** The message of a process, or undefined if it is one of another user of the channel. */
export function fromSpare(message: unknown): FromSpare | undefined {
  return hasPrefix(message, PREFIX) ? (message as FromSpare) : undefined
}
