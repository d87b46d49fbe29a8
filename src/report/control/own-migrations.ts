// The migrations of this process, for the control socket.

import type { LiveMigrations } from './live-migration.ts'
import type { ControlledMigrations } from './controlled.ts'

/** The migrations that {@link migrationsOf} has found. */
export function ownMigrations(migrations: LiveMigrations): ControlledMigrations {
  return {
    paths: async () => [...migrations.keys()],
    async set(path, changes) {
      const migration = migrations.get(path)
      if (!migration) throw new Error(`there is no migration at ${path}`)
      migration.set(changes)
      return migration.report()
    },
  }
}
