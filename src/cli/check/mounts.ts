// The apps of a command line, each with its style and the place where it would run.

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importExports } from '../../bridge/app-module.ts'
import { styleOf } from '../../bridge/style.ts'
import { nameOfSpec } from '../app-spec.ts'
import { loadApp } from '../load-app.ts'
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
  const exported: unknown = Reflect.get(exports, spec.exportName)
  const row = (at: string, style: string): CheckedMount => {
    return { path: at, app, style, hosting: hostingOf(spec, style, threads) }
  }
  if (spec.style !== null) return [row(path, spec.style)]
  if (typeof exported === 'function') return [row(path, styleOf(exported).style)]
  return Object.entries(exported as object).map(([key, inner]) => {
    return row(
      (path + key).replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1'),
      styleOf(inner).style,
    )
  })
}

function hostingOf({ place }: FileSpec, style: string, threads: number): string {
  const isOff = place === 'threads' || (style === 'sync' && place !== 'inline')
  return isOff && threads > 0 ? counted(threads, 'thread', 'threads') : 'event loop'
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`
}
