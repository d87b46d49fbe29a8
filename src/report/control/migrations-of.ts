// Finds the migrations in the mount tables of a server.

import { factsOf } from '../../bridge/app-facts.ts'
import type { App } from '../../bridge/style.ts'
import type { LiveMigration, LiveMigrations } from './live-migration.ts'

/**
 * The migrations of `app` by the paths at which they are mounted.
 *
 * @param above the path of `app` itself: `''` for the root
 */
export function migrationsOf(app: App, above = ''): LiveMigrations {
  const { kind, app: own, inner } = factsOf(app)
  if (kind === 'migration') return new Map([[above || '/', own as unknown as LiveMigration]])
  if (kind !== 'mount') return new Map()
  const below = [...inner].flatMap(([prefix, mounted]) => [
    ...migrationsOf(mounted, above + prefix.replace(/\/$/, '')),
  ])
  return new Map(below)
}
