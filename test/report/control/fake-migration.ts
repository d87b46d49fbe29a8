// A migration in memory, in place of the app of migrate().

import { EXAMPLE_MIGRATION } from '../example-report.ts'
import type { MigrationReport } from '../../../src/contract/report.ts'
import type { LiveMigration } from '../../../src/report/control/live-migration.ts'

/** Makes a migration that keeps its changes. */
export function fakeMigration(): LiveMigration {
  const { path: _, ...report }: MigrationReport = structuredClone(EXAMPLE_MIGRATION)
  const first = EXAMPLE_MIGRATION.shadow
  return {
    set({ share = report.share, shadow }) {
      report.share = share
      if (shadow === null) report.shadow = null
      else if (shadow && first) report.shadow = { ...(report.shadow ?? first), ...shadow }
    },
    report: () => structuredClone(report),
  }
}
