// The machine, and what was measured on it.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, loadavg, release, type } from 'node:os'

const ROOT = new URL('..', import.meta.url)
const PACKAGES = ['fastify', 'hono', '@hono/node-server', 'express', 'ws', 'autocannon']

/** `AMD EPYC × 2, Linux 6.1 x64`. */
export function machine(): string {
  return `${cpus()[0]?.model.trim()} × ${cpus().length}, ${type()} ${release()} ${arch()}`
}

/** How busy the machine is without us: the load average of the last minute, and the processors that share it. */
export function business(): { busyBefore: number; processors: number } {
  return { busyBefore: loadavg()[0] ?? NaN, processors: cpus().length }
}

/** The commit, with `-dirty` where the sources are not what was committed. */
export function commit(): string {
  // Results are no source: a second run of the same commit is of the same commit.
  const dirty = firstLine('git', ['status', '--porcelain', '--', '.', ':!benchmarks/results'])
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
