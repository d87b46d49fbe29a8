// Which process is a primary, and which one is the worker of another process.

import nodeCluster from 'node:cluster'
import { invalidOption } from '../../complete-options.ts'

/**
 * The variable of the environment with the process id of the primary, which its children inherit. `process.send` alone does
 * not make a worker: tsx, `node --watch` and process managers start their programs with an IPC channel too.
 */
export const PRIMARY_VARIABLE = 'ISTHMUS_CHANNELS_PRIMARY'

/** Whether this process is a worker. */
export function isWorker(role: 'auto' | 'primary' | 'worker'): boolean {
  if (role !== 'auto') return role === 'worker'
  if (nodeCluster.isWorker) return true
  const primary = process.env[PRIMARY_VARIABLE]
  return process.send !== undefined && primary !== undefined && primary !== String(process.pid)
}

/**
 * Makes this process the primary of a name, and the processes that it starts from now on its workers.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if it is the primary of this name already
 */
export function becomePrimary(name: string): void {
  const names = openNames()
  if (names.has(name)) {
    throw invalidOption(
      'cluster',
      'name',
      name,
      'this process has channels of this name; use the same object, or another name',
    )
  }
  names.add(name)
  process.env[PRIMARY_VARIABLE] = String(process.pid)
}

/** Ends the effect of {@link becomePrimary}. */
export function resignAsPrimary(name: string): void {
  const names = openNames()
  names.delete(name)
  if (names.size === 0) delete process.env[PRIMARY_VARIABLE]
}

// All copies of the package in this process have one set.
function openNames(): Set<string> {
  const registry = globalThis as unknown as Record<symbol, Set<string> | undefined>
  return (registry[NAMES] ??= new Set())
}

const NAMES = Symbol.for('isthmus.channels.primaries.1')
