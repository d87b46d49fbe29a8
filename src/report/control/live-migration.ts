// A migration of a running server, as the control socket sees it.

import type { MigrationReport } from '../../contract/report.ts'
import type { MigrationChanges } from './migration-changes.ts'

/** The functions of an app of `migrate()` that the control socket calls. */
export interface LiveMigration {
  set(changes: MigrationChanges): void
  report(): Omit<MigrationReport, 'path'>
}

/** The migrations of a server by the paths at which they are mounted. */
export type LiveMigrations = ReadonlyMap<string, LiveMigration>
