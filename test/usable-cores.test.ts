// The cores that a process may use.

import { availableParallelism } from 'node:os'
import { describe, expect, it, vi } from 'vitest'
import { usableCores } from '../src/usable-cores.ts'

vi.mock('node:os', () => ({ availableParallelism: () => 8 }))

const NEW = { '/proc/self/cgroup': '0::/\n' }
const OLD = { '/proc/self/cgroup': '3:cpuset:/\n2:cpu,cpuacct:/docker/a1\n0::/\n' }
const CPU = '/sys/fs/cgroup/cpu'

describe('usableCores()', () => {
  it.each<[string, Record<string, string>, number]>([
    ['no file', {}, 8],
    ['no quota', { ...NEW, '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 8],
    ['--cpus 2', { ...NEW, '/sys/fs/cgroup/cpu.max': '200000 100000\n' }, 2],
    ['--cpus 2.5', { ...NEW, '/sys/fs/cgroup/cpu.max': '250000 100000\n' }, 2],
    ['--cpus 0.5', { ...NEW, '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 1],
    ['more than the machine', { ...NEW, '/sys/fs/cgroup/cpu.max': '9900000 100000\n' }, 8],
    [
      'the quota of a slice of systemd',
      {
        '/proc/self/cgroup': '0::/system.slice/shop.service\n',
        '/sys/fs/cgroup/system.slice/shop.service/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/system.slice/cpu.max': '300000 100000\n',
      },
      3,
    ],
    [
      'an old group',
      { ...OLD, [`${CPU}/cpu.cfs_quota_us`]: '-1\n', [`${CPU}/cpu.cfs_period_us`]: '100000\n' },
      8,
    ],
    [
      'an old group with a quota',
      {
        ...OLD,
        [`${CPU}/docker/a1/cpu.cfs_quota_us`]: '150000\n',
        [`${CPU}/docker/a1/cpu.cfs_period_us`]: '50000\n',
      },
      3,
    ],
    [
      'a text that is none of these',
      { '/proc/self/cgroup': 'x\n1:cpu\n0::/a\n', '/sys/fs/cgroup/a/cpu.max': '? 0' },
      8,
    ],
  ])('with %s', (_what, files, cores) => {
    expect(usableCores((path) => files[path] ?? '')).toBe(cores)
  })

  it('are at least one, and at most those of the machine', () => {
    expect(usableCores()).toBeGreaterThanOrEqual(1)
    expect(usableCores()).toBeLessThanOrEqual(availableParallelism())
  })
})
