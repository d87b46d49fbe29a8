// Threads as the hosts of a pool.

import { ThreadCrashedError } from '../../errors.ts'
import { ThreadPort } from './thread-port.ts'
import type { HostKind } from './host-kind.ts'
import type { ThreadSettings } from './thread-port.ts'

/** Hosts that are threads with these `settings`. */
export function threadKind(settings: ThreadSettings): HostKind {
  return {
    hostName: 'thread',
    flags: '--threads',
    wornLine: 'requests leave timers or sockets open in their thread; it is replaced',
    start: (host, events, channels) => new ThreadPort({ ...settings, channels }, host, events),
    crashed: (cause) => new ThreadCrashedError(`the thread ended: ${cause.message}`, { cause }),
  }
}
