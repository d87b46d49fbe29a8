// The machine, and the versions that were measured.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, loadavg, release, type } from 'node:os'

const ROOT = new URL('..', import.meta.url)
const PACKAGES = [
  'fastify',
  'hono',
  '@hono/node-server',
  'express',
  'ws',
  'http-proxy',
  'autocannon',
]

/** `AMD EPYC × 2, Linux 6.1 x64`. */
export function machine(): string {
  return `${cpus()[0]?.model.trim()} × ${cpus().length}, ${type()} ${release()} ${arch()}`
}

/** The load before the run: the load average of the last minute, and the number of processors. */
export function business(): { busyBefore: number; processors: number } {
  return { busyBefore: loadavg()[0] ?? NaN, processors: cpus().length }
}

/** The number of processes that want to run now, without this one; NaN without `/proc`. */
export function othersRunning(): number {
  try {
    const [running] = readFileSync('/proc/loadavg', 'utf8').split(' ')[3]?.split('/') ?? []
    return Number(running) - 1
  } catch {
    return NaN
  }
}

/** The commit, with `-dirty` if the sources differ from it. */
export function commit(): string {
  // Results do not count as sources, so that a second run of a commit names the same commit.
  const sources = ['.', ':!benchmarks/results', ':!README.md']
  const dirty = firstLine('git', ['status', '--porcelain', '--', ...sources])
  const short = firstLine('git', ['rev-parse', '--short', 'HEAD'])
  return short === '' ? 'unknown' : `${short}${dirty === '' ? '' : '-dirty'}`
}

/** The versions of Node and of the packages that are measured. */
export function nodeVersions(): Record<string, string> {
  const versions = PACKAGES.map((name) => [name, packageVersion(name)] as const)
  return { node: process.version, isthmus: ownVersion(), ...Object.fromEntries(versions) }
}

function packageVersion(name: string): string {
  return versionIn(new URL(`node_modules/${name}/package.json`, ROOT))
}

function ownVersion(): string {
  return versionIn(new URL('package.json', ROOT))
}

function versionIn(manifest: URL): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

function firstLine(file: string, words: string[]): string {
  const { stdout } = spawnSync(file, words, { cwd: ROOT, encoding: 'utf8' })
  return stdout?.trim().split('\n')[0] ?? ''
}
