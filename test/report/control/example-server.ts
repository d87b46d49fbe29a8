// A server for the control socket, without apps and without a socket.

import { metricsAnswer } from '../../../src/report/metrics/metrics-answer.ts'
import { ownMigrations } from '../../../src/report/control/own-migrations.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import { EXAMPLE_REPORT } from '../example-report.ts'
import { fakeMigration } from './fake-migration.ts'
import type { Report } from '../../../src/contract/report.ts'
import type { Controlled } from '../../../src/report/control/controlled.ts'

/** A server that shows the example report, and has a migration at /orders. */
export function exampleServer(
  changes: Partial<Controlled> = {},
  report: () => Report = () => EXAMPLE_REPORT,
): Controlled {
  return {
    report,
    metrics: () => metricsAnswer(report()),
    migrations: ownMigrations(new Map([['/orders', fakeMigration()]])),
    reload: async () => ({ workers: 2, pools: 0, errors: [] }),
    state: null,
    by: 'the control socket',
    log: SILENT_LOG,
    ...changes,
  }
}
