// Loads an app that the command line names, and makes an event app from the export.

import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { asEventApp } from '../bridge/as-event-app.ts'
import { loadExport } from '../bridge/load-export.ts'
import { styleOf } from '../bridge/style.ts'
import { AppError, AppLoadError } from '../errors.ts'
import { loadFailure } from './load-failure.ts'
import type { EventApp } from '../contract/events.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { RemoteOptions } from '../adapters/remote/settings.ts'
import type { App } from '../bridge/style.ts'
import type { StyleName } from '../adapters/style-name.ts'
import type { ThreadOptions } from '../hosting/gateway/pool-settings.ts'
import type { PythonOptions } from '../hosting/gateway/process/python-settings.ts'
import type { AppSpec, FileSpec } from './app-spec.ts'

/** The options of the pools, and of the remote() apps, that the command line makes. */
export interface PoolsOptions {
  threads?: ThreadOptions
  python?: PythonOptions
  remote?: RemoteOptions
}

/**
 * Imports the module and makes an event app of the export: an app of any style, or a mount table.
 *
 * A sync app, also one inside a table, is hosted in threads, and each thread loads the module for itself. The place
 * `inline` keeps it on the event loop. The place `threads` puts an export of any style into threads. With that place, and
 * with the style `sync`, the event loop does not import the module. With `maxThreads` 0 all these apps run on the event loop.
 * An app of Python runs in processes, and remote() forwards to servers elsewhere.
 *
 * tsx loads TypeScript. This function loads tsx with the first TypeScript module; from then on tsx handles further
 * imports too.
 *
 * @param pools options of the pools; the `min` of threads is `maxThreads` otherwise
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) with a message of one line. It has a `cause` if the module threw
 *   while it loaded; it has none if there is no such file, no such export, or the export is no app. If the event loop
 *   does not import the module, the lifespan of the returned app fails with this error.
 *
 * @example
 * const app = await loadApp(parseAppSpec('app.ts'), 2)
 */
export async function loadApp(
  spec: AppSpec,
  maxThreads: number,
  { threads = {}, python = {}, remote: elsewhere = {} }: PoolsOptions = {},
): Promise<EventApp> {
  // Each kind of hosting, and each adapter, is loaded for the apps that need it.
  if (spec.place === 'python') {
    const { pythonApp } = await import('./python-app.ts')
    return pythonApp(spec, python)
  }
  if (spec.place === 'remote') {
    const { remote } = await import('../adapters/remote/remote.ts')
    return remote(spec.targets, elsewhere)
  }
  const file = resolve(spec.file)
  await requireFile(file)

  const url = spec.url ?? pathToFileURL(file).href
  const inThreads = maxThreads > 0 && spec.place !== 'inline'
  const pool = { min: maxThreads, ...threads, export: spec.exportName, max: maxThreads }
  if (inThreads && isForThreads(spec)) {
    const { threadedApp } = await import('./threaded-app.ts')
    return threadedApp(spec, url, pool)
  }
  const hosted = await exportedApp(spec, url).catch((error: unknown) => {
    throw loadFailure(error, spec, url)
  })
  return asEventApp(inThreads ? await offTheLoop(hosted, { spec, url, pool }) : hosted)
}

// The command line says that the app runs in threads, so the export does not have to.
function isForThreads({ place, style }: FileSpec): boolean {
  return place === 'threads' || style === 'sync'
}

async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => null)
  if (found?.isFile()) return
  const reason = found ? 'it is not a file' : 'there is no such file'
  const name = basename(file)
  const { isPythonSpec } = await import('../hosting/gateway/process/python-settings.ts')
  const python = name.includes(':') && isPythonSpec(name) ? `, or python:${name}` : ''
  throw new AppLoadError(`cannot load ${file}: ${reason}; an app is FILE or FILE#export${python}`)
}

async function exportedApp({ exportName, style }: FileSpec, url: string): Promise<HostedApp> {
  const exported = await loadExport({ url, exportName, mountKey: undefined })
  try {
    const app = style === null ? (exported as HostedApp) : await appOf(exported, style)
    // This checks the app, or each app of a table.
    asEventApp(app)
    return app
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new AppLoadError(`${url}#${exportName} is not an app: ${error.message}`)
  }
}

async function appOf(exported: unknown, style: StyleName): Promise<App> {
  const { appOfStyle } = await import('../adapters/named-style.ts')
  return appOfStyle(exported, style)
}

interface Origin {
  spec: FileSpec
  url: string
  pool: ThreadOptions
}

async function offTheLoop(hosted: HostedApp, origin: Origin): Promise<HostedApp> {
  if (typeof hosted === 'function') return pooled(hosted, origin, undefined)
  const table: Record<`/${string}`, App> = {}
  for (const [key, app] of Object.entries(hosted)) {
    table[key as `/${string}`] = await pooled(app, origin, key)
  }
  return table
}

async function pooled(
  app: App,
  { spec, url, pool }: Origin,
  mountKey: string | undefined,
): Promise<App> {
  if (styleOf(app).style !== 'sync') return app
  // The style is that of the export, and not that of an app in a table.
  const style = mountKey === undefined ? (spec.style ?? undefined) : undefined
  const target = { url, kind: 'app', mountKey, style } as const
  const { threadsApp } = await import('../hosting/gateway/threads-app.ts')
  const { poolSettings } = await import('../hosting/gateway/pool-settings.ts')
  return threadsApp(poolSettings(target, pool))
}
