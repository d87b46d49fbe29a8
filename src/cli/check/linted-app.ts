// The app that the URL of this module names, under lint(): each app of a table by its own style, also inside of a thread.

import { appOfStyle } from '../../adapters/named-style.ts'
import { loadExport } from '../../bridge/load-export.ts'
import { lint } from '../../lint/lint.ts'
import type { HostedApp } from '../../bridge/as-event-app.ts'
import type { App } from '../../bridge/style.ts'
import type { StyleName } from '../../adapters/style-name.ts'

const named = new URL(import.meta.url).searchParams
const exported = await loadExport({
  url: named.get('url') ?? '',
  exportName: named.get('export') ?? '',
  mountKey: undefined,
})
const style = named.get('style')

/** The app, or the table. */
export const linted: HostedApp = underLint(
  style === null ? (exported as HostedApp) : appOfStyle(exported, style as StyleName),
)

function underLint(app: HostedApp): HostedApp {
  if (typeof app === 'function') return lint(app)
  const apps: Array<[path: string, app: App]> = Object.entries(app)
  return Object.fromEntries(apps.map(([path, one]) => [path, lint(one)]))
}
