// Processes as the hosts of a pool.

import { ProcessCrashedError } from '../../../errors.ts'
import { ProcessPort } from './process-port.ts'
import type { HostKind } from '../host-kind.ts'
import type { ProcessSettings } from './process-port.ts'

/** Hosts that are processes of Python with these `settings`. */
export function processKind(settings: ProcessSettings): HostKind {
  return {
    hostName: 'process',
    flags: '--python',
    wornLine: 'the memory of a process is above maxMemoryBytes; the process is replaced',
    start: (host, events, channels) => new ProcessPort({ ...settings, channels }, host, events),
    crashed: (cause) => new ProcessCrashedError(`the process ended: ${cause.message}`, { cause }),
  }
}
