// The programs that some rows need and that are not part of Node.

import { spawnSync } from 'node:child_process'

const PROBE_MS = 10_000

/** Whether a program is here. Debian has the proxies in a directory that is not in the PATH of every user. */
export function isInstalled(program: 'nginx' | 'haproxy'): boolean {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` }
  return spawnSync(program, ['-v'], { env, timeout: PROBE_MS }).status === 0
}
