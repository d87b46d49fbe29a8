// The apps of a command line, each with its style and the place where it would run.

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { factsOf } from '../../bridge/app-facts.ts'
import { importExports } from '../../bridge/app-module.ts'
import { styleOf } from '../../bridge/style.ts'
import { nameOfSpec } from '../app-spec.ts'
import { loadApp } from '../load-app.ts'
import type { AppFacts } from '../../bridge/app-facts.ts'
import type { MountTable } from '../../bridge/mount.ts'
import type { App } from '../../bridge/style.ts'
import type { ServeCommand } from '../args.ts'
import type { AppSpec, FileSpec } from '../app-spec.ts'

/** One app of a command line. */
export interface CheckedMount {
  path: string
  app: string
  style: string
  hosting: string
}

/**
 * Imports each module into this process, also those of threads, and starts no app.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) for the first app that cannot be loaded
 */
export async function checkMounts(command: ServeCommand): Promise<CheckedMount[]> {
  const specs: Array<readonly [path: string, spec: AppSpec]> = [
    ['/', command.app],
    ...command.mounts,
  ]
  const rows: CheckedMount[] = []
  for (const [path, spec] of specs) rows.push(...(await rowsOf(path, spec, command)))
  return rows
}

async function rowsOf(path: string, spec: AppSpec, command: ServeCommand): Promise<CheckedMount[]> {
  const app = nameOfSpec(spec)
  if (spec.place === 'remote') return [{ path, app, style: 'events', hosting: 'elsewhere' }]
  if (spec.place === 'python') {
    const { interface: style, processes } = command.python
    return [{ path, app, style, hosting: counted(processes, 'process', 'processes') }]
  }
  return fileRows(path, spec, command.threads)
}

async function fileRows(path: string, spec: FileSpec, threads: number): Promise<CheckedMount[]> {
  const app = nameOfSpec(spec)
  await loadApp({ ...spec, place: 'inline' }, 0)
  const exports = await importExports(pathToFileURL(resolve(spec.file)).href)
  const exported = Reflect.get(exports, spec.exportName) as App | MountTable
  const places: Iterable<Place> =
    spec.style === null
      ? placesOf(exported, path)
      : [{ path, kind: 'app', style: spec.style, isExported: true }]
  return Array.from(places, (place) => {
    return { path: place.path, app, style: place.style, hosting: hostingOf(spec, place, threads) }
  })
}

/** An app at its path. An app inside of `mount()` is not exported: the command line cannot put it into threads. */
interface Place {
  path: string
  kind: AppFacts['kind']
  style: string
  isExported: boolean
}

function* placesOf(given: App | MountTable, path: string, isExported = true): Generator<Place> {
  if (typeof given !== 'function')
    return yield* placesBelow(Object.entries(given), path, isExported)
  const { kind, inner } = factsOf(given)
  if (kind === 'mount') return yield* placesBelow(inner, path, false)
  yield { path, kind, style: styleOf(given).style, isExported }
}

function* placesBelow(
  apps: Iterable<[prefix: string, app: App]>,
  path: string,
  isExported: boolean,
): Generator<Place> {
  for (const [prefix, app] of apps) {
    const joined = (path + prefix).replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1')
    yield* placesOf(app, joined, isExported)
  }
}

const HOSTINGS: Record<AppFacts['kind'], string> = {
  app: 'event loop',
  mount: 'event loop',
  threads: 'threads()',
  python: 'python()',
  remote: 'remote()',
  migration: 'migrate()',
}

function hostingOf(
  { place }: FileSpec,
  { kind, style, isExported }: Place,
  threads: number,
): string {
  const isMoved = isExported && style === 'sync' && place !== 'inline'
  if ((place === 'threads' || isMoved) && threads > 0) return counted(threads, 'thread', 'threads')
  return threads === 0 && kind === 'threads' ? HOSTINGS.app : HOSTINGS[kind]
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`
}
