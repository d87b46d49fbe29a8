// cluster(): channels of the processes of one machine.

import { checkNumber, completeOptions, invalidOption } from '../../complete-options.ts'
import { settingsOf, SHARED_DEFAULTS } from '../options.ts'
import { PrimaryChannels, WorkerChannels } from './process-channels.ts'
import { isWorker } from './role.ts'
import type { ChildProcess } from 'node:child_process'
import type { Complete } from '../../complete-options.ts'
import type { Channels } from '../../contract/channels.ts'
import type { ChannelsOptions } from '../options.ts'

/** The options of {@link cluster}. */
export interface ClusterOptions extends ChannelsOptions {
  /**
   * The part of this process. `primary`: it keeps the histories and passes messages on. `worker`: it is connected to its
   * parent process. Default `auto`: a worker of `node:cluster` is a worker; so is a process of `fork()` whose parent had
   * called `cluster()` before; every other process is a primary.
   */
  role?: 'auto' | 'primary' | 'worker' | undefined
  /** The processes with the same name share their channels. Default `default`. */
  name?: string | undefined
  /**
   * The most messages that wait between this process and each other one, in each direction. Above it, `publish` returns false
   * in a worker; a worker that does not take its messages loses them, and catches up from the history. Default 10,000.
   */
  maxPending?: number | undefined
  /** The most bytes of those messages. Default 16 MiB. */
  maxPendingBytes?: number | undefined
}

/** Channels of the processes of one machine. */
export interface ClusterChannels extends Channels {
  /**
   * Connects a process of `child_process.fork()` that calls {@link cluster} too. Workers of `node:cluster` are connected
   * without it. A process that ends, or disconnects, is forgotten.
   *
   * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a process without an IPC channel
   * @example
   * channels.attach(fork('./jobs.js'))
   */
  attach(child: ChildProcess): void
}

const DEFAULTS: Complete<ClusterOptions> = {
  ...SHARED_DEFAULTS,
  role: 'auto',
  name: 'default',
  maxPending: 10_000,
  maxPendingBytes: 16 * 1024 * 1024,
}
const ROLES: readonly string[] = ['auto', 'primary', 'worker']

/**
 * Makes channels that connect the processes of one machine over the IPC channels that they have: the primary and the
 * workers of `node:cluster`, and processes of `child_process.fork()`. The same call stands in each of them. Messages of
 * other users of `process.send` pass untouched.
 *
 * The histories live in the primary. In a worker, the channels keep the process alive until `close`, or until the parent
 * disconnects.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value, and for a
 *   second primary of one name in a process
 * @see {@link https://nodejs.org/api/cluster.html}
 * @example
 * const channels = cluster({ history: { board: { size: 100 } } })
 * if (isPrimary) for (let n = 0; n < 4; n += 1) fork()
 * else await serve(app, { channels, port: 8000 })
 */
export function cluster(options: ClusterOptions = {}): ClusterChannels {
  const { role, name, maxPending, maxPendingBytes, ...shared } = completeOptions(
    'cluster',
    options,
    DEFAULTS,
  )
  if (!ROLES.includes(role)) {
    throw invalidOption('cluster', 'role', role, `it is ${ROLES.join(', ')}`)
  }
  if (typeof name !== 'string' || name === '') {
    throw invalidOption('cluster', 'name', name, 'it is a text of at least one character')
  }
  checkNumber('cluster', 'maxPending', maxPending, { min: 1, isWhole: true })
  checkNumber('cluster', 'maxPendingBytes', maxPendingBytes, { min: 1, isWhole: true })
  const parts = {
    name,
    bounds: { maxPending, maxPendingBytes },
    settings: settingsOf('cluster', shared),
  }
  return isWorker(role) ? new WorkerChannels(parts) : new PrimaryChannels(parts)
}
