// The connections that a parent process accepts and passes on to this one.

import { isMessage, GIVEN, STOP, STOPPED } from './connection-messages.ts'
import type { Socket } from 'node:net'
import type { ServerAddress } from '../server/engine.ts'
import type { Listener } from '../server/listener.ts'

/** The parent in the eyes of a child: `process` itself. */
type Parent = Pick<NodeJS.Process, 'on' | 'off' | 'send' | 'connected'>

/**
 * Makes the listener of a process whose parent has a `ConnectionBalancer`.
 *
 * @param place the place at which the parent will listen
 * @param opened gives the place when the parent listens; its port is that of the system then
 */
export function parentListener(
  place: ServerAddress,
  opened: () => Promise<ServerAddress>,
  parent: Parent = process,
): Listener {
  let address = place
  let accept: ((socket: Socket) => void) | undefined
  const onMessage = (message: unknown, socket: unknown): void => {
    // A client may have left on the way: there is no socket then.
    if (isMessage(message, GIVEN) && socket) accept?.(socket as Socket)
  }
  return {
    get address() {
      return address
    },
    async open(take) {
      accept = take
      parent.on('message', onMessage)
      address = await opened()
    },
    async close() {
      await lastMessage(parent)
      parent.off('message', onMessage)
    },
  }
}

// The channel keeps the order: all connections that the parent has sent come before its answer.
function lastMessage(parent: Parent): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      parent.off('message', onMessage)
      parent.off('disconnect', done)
      resolve()
    }
    const onMessage = (message: unknown): void => {
      if (isMessage(message, STOPPED)) done()
    }
    if (!parent.connected) return resolve()
    parent.on('message', onMessage)
    parent.on('disconnect', done)
    parent.send?.(STOP)
  })
}
