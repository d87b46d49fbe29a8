// The open pools of the process, for a reload of all apps in threads and processes.

import { processWide } from '../../bridge/process-wide.ts'

/** A pool as the owner of the process sees it. */
interface Reloadable {
  /** Replaces all hosts, one after the other; rejects if a new one could not load the app. */
  reload(): Promise<void>
}

/** The pools in the order in which they were opened. A pool adds itself, and leaves when it closes. */
export const OPEN_POOLS: Set<Reloadable> = processWide('pools.1', () => new Set<Reloadable>())

/** The results of a reload. */
export interface Reloaded {
  /** The number of pools in which all hosts are new. */
  pools: number
  /** The errors of the pools that keep old hosts. */
  errors: readonly unknown[]
}

/** Replaces the hosts of each open pool, one pool after the other: hosts that load together slow each other down. */
export async function reloadPools(): Promise<Reloaded> {
  const errors: unknown[] = []
  let pools = 0
  for (const pool of OPEN_POOLS) {
    try {
      await pool.reload()
      pools += 1
    } catch (error) {
      errors.push(error)
    }
  }
  return { pools, errors }
}
