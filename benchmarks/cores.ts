// Which cores the server and the load run on.

import { execFileSync, spawnSync } from 'node:child_process'

/** `apart`: the server on core 0, the load on core 1. `shared`: both on both. `any`: the system decides. */
export type Sharing = 'apart' | 'shared' | 'any'

/** Lists as `taskset -c` takes them; null is unpinned. */
export interface Cores {
  server: string | null
  load: string | null
}

const UNPINNED: Cores = { server: null, load: null }

/** Whether the machine has cores 0 and 1, and `taskset` to use them. */
export function canPin(): boolean {
  const isAllowed = (core: string): boolean =>
    spawnSync('taskset', ['-c', core, 'true']).status === 0
  return ['0', '1'].every(isAllowed)
}

/** Pins this process, which is the load, and says where the servers go. `any` pins nothing. */
export function pinLoad(sharing: Sharing): Cores {
  if (sharing === 'any') return UNPINNED
  const cores = sharing === 'apart' ? { server: '0', load: '1' } : { server: '0,1', load: '0,1' }
  execFileSync('taskset', ['-acp', cores.load, String(process.pid)], { stdio: 'ignore' })
  return cores
}
