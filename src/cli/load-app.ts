// Loads an app that the command line names, and makes an event app from the export.

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { AppError, AppLoadError } from '../errors.ts'
import { fromFetch } from '../adapters/fetch/from-fetch.ts'
import { fromNode } from '../adapters/node/from-node.ts'
import { importExports } from '../bridge/app-module.ts'
import { asEventApp } from '../bridge/as-event-app.ts'
import { refuseForeign } from '../bridge/foreign-app.ts'
import { events, iterable, styleOf, sync } from '../bridge/style.ts'
import { poolApp } from '../hosting/gateway/pool-app.ts'
import { poolSettings } from '../hosting/gateway/pool-settings.ts'
import { throwSite } from './throw-site.ts'
import type { EventApp } from '../contract/events.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { MountTable } from '../bridge/mount.ts'
import type { App } from '../bridge/style.ts'

/** The name of an app: a module and an export, as for gunicorn and uvicorn. */
export interface AppSpec {
  /** The style of the export, or its adapter; null leaves it to the rule of {@link asEventApp}. */
  style: 'sync' | 'iterable' | 'events' | 'node' | 'fetch' | null
  /** The path of a JavaScript or TypeScript file, relative to the working directory. */
  file: string
  /** The name of the export, usually `default`. */
  exportName: string
}

const BRANDS = { sync, iterable, events, node: fromNode, fetch: fromFetch }

/**
 * Imports the module and makes an event app of the export: an app of any style, or a mount table.
 *
 * A sync app, also one inside a table, is hosted in threads, and each thread loads the module for itself. With
 * `maxThreads` 0 it runs inline.
 *
 * tsx loads TypeScript. This function loads tsx with the first TypeScript module; from then on tsx handles further
 * imports too.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) with a message of one line. It has a `cause` if the module threw
 *   while it loaded; it has none if there is no such file, no such export, or the export is no app.
 *
 * @example
 * const app = await loadApp({ style: null, file: 'app.ts', exportName: 'default' }, 2)
 */
export async function loadApp(spec: AppSpec, maxThreads: number): Promise<EventApp> {
  const file = resolve(spec.file)
  await requireFile(file)

  const exported = pickExport(await exportsOf(file), spec)
  try {
    return asEventApp(hosted(branded(exported, spec.style), { spec, file, maxThreads }))
  } catch (error) {
    throw new AppLoadError(`${spec.file}#${spec.exportName} is not an app: ${messageOf(error)}`)
  }
}

async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => null)
  if (found?.isFile()) return
  const reason = found ? 'it is not a file' : 'there is no such file'
  throw new AppLoadError(`cannot load ${file}: ${reason}; an app is FILE or FILE#export`)
}

async function exportsOf(file: string): Promise<object> {
  try {
    return await importExports(pathToFileURL(file).href)
  } catch (error) {
    const site = throwSite(error, file)
    const where = site === undefined ? '' : ` (${site})`
    throw new AppLoadError(`cannot load ${file}: ${messageOf(error)}${where}`, { cause: error })
  }
}

function pickExport(exports: object, spec: AppSpec): unknown {
  if (Object.hasOwn(exports, spec.exportName)) return Reflect.get(exports, spec.exportName)

  const names = Object.keys(exports).join(', ')
  throw new AppLoadError(
    `${spec.file} has no export "${spec.exportName}"; ` +
      (names === '' ? 'it exports nothing' : `it exports ${names}: choose with FILE#export`),
  )
}

interface Place {
  spec: AppSpec
  file: string
  maxThreads: number
}

function hosted(exported: unknown, place: Place): HostedApp {
  if (place.maxThreads === 0) return exported as HostedApp
  if (typeof exported === 'function') return offTheLoop(exported as App, place, undefined)
  if (typeof exported !== 'object' || exported === null) return exported as HostedApp

  refuseForeign(exported)
  const entries = Object.entries(exported as MountTable)
  return Object.fromEntries(entries.map(([key, app]) => [key, offTheLoop(app, place, key)]))
}

function offTheLoop(
  app: App,
  { spec, file, maxThreads }: Place,
  mountKey: string | undefined,
): App {
  if (styleOf(app).style !== 'sync') return app
  const url = pathToFileURL(file).href
  const { exportName } = spec
  // The style is that of the export, and not that of an app in a table.
  const style = mountKey === undefined ? (spec.style ?? undefined) : undefined
  const target = { url, kind: 'app', mountKey, style } as const
  return poolApp(poolSettings(target, { export: exportName, min: maxThreads, max: maxThreads }))
}

function branded(exported: unknown, style: AppSpec['style']): unknown {
  if (style === null) return exported
  if (typeof exported !== 'function' && style !== 'fetch') {
    throw new AppError(`"${style}:" needs a function, got ${typeof exported}`)
  }
  return BRANDS[style](exported as never)
}

function messageOf(error: unknown): string {
  if (error instanceof AppError) return error.message
  const text = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)
  return text.replaceAll(/\s+/g, ' ')
}
