// A server that the control socket shows and changes: one process, or a master with its workers.

import type { ReloadOutcome } from '../../contract/control.ts'
import type { Log } from '../../contract/log.ts'
import type { MigrationReport, Report } from '../../contract/report.ts'
import type { Answer } from '../answer.ts'
import type { MigrateState } from './migrate-state.ts'
import type { MigrationChanges } from './migration-changes.ts'

/** The migrations of a server. */
export interface ControlledMigrations {
  /** The paths at which they are mounted. */
  paths(): Promise<readonly string[]>
  /** Makes the changes in each process. Resolves with the migration after them. */
  set(path: string, changes: MigrationChanges): Promise<Omit<MigrationReport, 'path'>>
}

/** A server that the control socket shows and changes. */
export interface Controlled {
  report: () => Report | Promise<Report>
  metrics: () => Promise<Answer>
  migrations: ControlledMigrations
  /** Loads the apps anew; null if the caller may not. */
  reload: (() => Promise<ReloadOutcome>) | null
  /** The changes, for a restart; null keeps none. */
  state: Pick<MigrateState, 'note'> | null
  /** The source of the changes, for the log. */
  by: string
  log: Log
}
