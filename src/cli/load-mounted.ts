// Loads all apps of a command line, and mounts them as one app.

import { mount } from '../bridge/mount.ts'
import { loadApp } from './load-app.ts'
import { poolOptions } from './pool-options.ts'
import { pythonOptions } from './python-options.ts'
import { remoteOptions } from './remote-options.ts'
import type { MountTable } from '../bridge/mount.ts'
import type { App } from '../bridge/style.ts'
import type { EventApp } from '../contract/events.ts'
import type { AppSpec } from './app-spec.ts'
import type { PoolsOptions } from './load-app.ts'
import type { ProcessOptions } from './options-table.ts'
import type { PoolFlags } from './pool-options.ts'
import type { PythonFlags } from './python-options.ts'
import type { RemoteFlags } from './remote-options.ts'

/** The apps of a command line. */
export type NamedApps = { app: AppSpec } & Pick<ProcessOptions, 'mounts' | 'threads'>

/**
 * Loads one app after the other, so that the error is always that of the first app that fails.
 *
 * @param pools options of every pool
 * @param others apps that the command mounts besides
 */
export async function loadMounted(
  { app, mounts, threads }: NamedApps,
  pools: PoolsOptions = {},
  others: MountTable = {},
): Promise<EventApp> {
  const root = await loadApp(app, threads, pools)
  if (mounts.length === 0 && Object.keys(others).length === 0) return root

  const table: Record<`/${string}`, App> = { '/': root, ...others }
  for (const [path, spec] of mounts) table[path] = await loadApp(spec, threads, pools)
  return mount(table)
}

/** The options of the pools and of `remote()` by their flags. */
export function poolsOf(flags: {
  pool: PoolFlags
  python: PythonFlags
  remote: RemoteFlags
}): PoolsOptions {
  return {
    threads: poolOptions(flags.pool),
    python: pythonOptions(flags.python),
    remote: remoteOptions(flags.remote),
  }
}
