// The messages between a parent that accepts connections and the process that serves them.

import { isObject } from '../complete-options.ts'

/** From the parent, with a connection. */
export const GIVEN = { type: 'isthmus.connection' } as const
/** From the child: it wants no further connection. */
export const STOP = { type: 'isthmus.connections.stop' } as const
/** From the parent: the child has got its last connection. */
export const STOPPED = { type: 'isthmus.connections.stopped' } as const

/** Whether `message`, which may come from another user of the channel, is this one. */
export function isMessage(message: unknown, { type }: { readonly type: string }): boolean {
  return isObject(message) && Reflect.get(message, 'type') === type
}

/** Whether the type of `message`, which may come from another user of the channel, begins with `prefix`. */
export function hasPrefix(message: unknown, prefix: string): boolean {
  if (!isObject(message)) return false
  const type: unknown = Reflect.get(message, 'type')
  return typeof type === 'string' && type.startsWith(prefix)
}
