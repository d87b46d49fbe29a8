// The cores that this process may use.

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'

/** Reads a small file; an empty text if it cannot be read. */
type Read = (path: string) => string

const CGROUPS = '/sys/fs/cgroup'

/**
 * The cores that this process may use: those of the machine, or fewer by its affinity, or by the quota of its container
 * (`docker run --cpus 2`, the CPU limit of Kubernetes), which `os.availableParallelism()` of Node 20 does not know. A part of
 * a core does not count, except for the first one.
 *
 * @param read reads the files of Linux about control groups
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html (`cpu.max`)
 */
export function usableCores(read: Read = textOf): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota(read))))
}

/** The least quota of all groups that this process is in, in cores; Infinity without one. */
function quota(read: Read): number {
  const quotas = read('/proc/self/cgroup')
    .split('\n')
    .flatMap((line) => {
      const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
      if (path === undefined) return []
      if (controllers === '') return withParents(path).map((group) => quotaOf(read, group))
      if (!controllers.split(',').includes('cpu')) return []
      return withParents(path).map((group) => oldQuotaOf(read, group))
    })
  return Math.min(Infinity, ...quotas)
}

// A group has the limits of its parents too. In a container, the path may be that of the machine, which is not there.
function withParents(path: string): string[] {
  return path === '/' ? [path] : [path, ...withParents(posix.dirname(path))]
}

function quotaOf(read: Read, group: string): number {
  const [time, period] = read(posix.join(CGROUPS, group, 'cpu.max')).split(' ')
  return share(time, period)
}

function oldQuotaOf(read: Read, group: string): number {
  const file = (name: string): string => read(posix.join(CGROUPS, 'cpu', group, name))
  return share(file('cpu.cfs_quota_us'), file('cpu.cfs_period_us'))
}

// No quota is "max", -1, or no file.
function share(time: string | undefined, period: string | undefined): number {
  const cores = Number(time) / Number(period)
  return cores > 0 ? cores : Infinity
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
