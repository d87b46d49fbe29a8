// migrate(): an old app and a new app at one mount.

import { described } from '../bridge/app-facts.ts'
import { refuseForeign } from '../bridge/foreign-app.ts'
import { Migration } from './migration.ts'
import { migrateSettings } from './settings.ts'
import type { EventApp } from '../contract/events.ts'
import type { MigrationReport } from '../contract/report.ts'
import type { MigrateOptions, MigrationChange } from './options.ts'

/** An event app that {@link migrate} has made. */
export type MigratedApp = EventApp & {
  /**
   * Changes the share or the shadow, for the requests that come from now on.
   *
   * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an impossible value; then nothing has changed
   *
   * @example
   * orders.set({ share: 0.5 })
   */
  set(change: MigrationChange): void
  /** Sends all clients to the old app, from the next request on. The same as `set({ share: 0 })`. */
  rollback(): void
  /** The figures of both apps and of the comparisons. */
  report(): Omit<MigrationReport, 'path'>
}

/**
 * Makes one app from an old app and a new one. A part of the clients gets the new app, and keeps it while the part grows.
 * Copies of requests to the old app can go to the new app too, after the answer has left, and the answers are compared.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value, and
 *   {@link AppError} (`ISTHMUS_APP_FAULT`) for an app that is none
 *
 * @example
 * const orders = migrate({ from: oldOrders, to: newOrders, share: 0.1 })
 * await serve(mount({ '/orders': orders, '/': legacy }))
 * orders.set({ share: 0.5 })
 */
export function migrate(options: MigrateOptions): MigratedApp {
  const settings = migrateSettings(options)
  refuseForeign(settings.from, undefined, 'migrate: "from": ')
  refuseForeign(settings.to, undefined, 'migrate: "to": ')
  const migration = new Migration(settings)

  const app: EventApp = (scope, receive, send) => migration.run(scope, receive, send)
  const migrated = Object.assign(app, {
    set: (change: MigrationChange) => migration.set(change),
    rollback: () => migration.set({ share: 0 }),
    report: () => migration.report(),
  })
  const sides = new Map([
    ['from', settings.from],
    ['to', settings.to],
  ])
  return described(migrated, 'migration', sides as ReadonlyMap<string, EventApp>)
}
