// Loads the app that a thread runs, of any style.

import { asEventApp } from '../bridge/as-event-app.ts'
import { loadExport } from '../bridge/load-export.ts'
import { styleOf } from '../bridge/style.ts'
import { AppError, AppLoadError } from '../errors.ts'
import type { StyleName } from '../adapters/style-name.ts'
import type { HostedApp } from '../bridge/as-event-app.ts'
import type { AppPlace } from '../bridge/load-export.ts'
import type { SyncApp } from '../contract/environ.ts'
import type { EventApp } from '../contract/events.ts'

/** The place of an app, and its style; undefined: the brand or the rule of {@link styleOf} decides. */
interface AppTarget extends AppPlace {
  style: StyleName | undefined
}

/** An app by the way in which its requests run. */
export type LoadedApp = { runs: 'inTurn'; app: SyncApp } | { runs: 'sideBySide'; app: EventApp }

/**
 * Imports the module of `target` and makes an app of the export: an app of any style, or a mount table.
 *
 * @throws {@link AppLoadError} (`ISTHMUS_APP_LOAD`) if the export is missing or is no app; the error of the module,
 *   unchanged
 */
export async function loadApp(target: AppTarget): Promise<LoadedApp> {
  const exported = await loadExport(target)
  try {
    return await appOf(exported, target.style)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new AppLoadError(`${target.url}#${target.exportName} is not an app: ${error.message}`)
  }
}

async function appOf(exported: unknown, style: StyleName | undefined): Promise<LoadedApp> {
  const app = style === undefined ? exported : await styled(exported, style)
  if (typeof app !== 'function') return { runs: 'sideBySide', app: asEventApp(app as HostedApp) }
  const found = styleOf(app)
  if (found.style === 'sync') return { runs: 'inTurn', app: found.app }
  return { runs: 'sideBySide', app: asEventApp(found.app) }
}

// Only here: most threads need no adapter.
async function styled(exported: unknown, style: StyleName): Promise<unknown> {
  const { appOfStyle } = await import('../adapters/named-style.ts')
  return appOfStyle(exported, style)
}
