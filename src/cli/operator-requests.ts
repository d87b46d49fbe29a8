// The requests between a master and its workers about reports, metrics and migrations, and their results.

import type { ControlAnswer, ControlRequest } from '../contract/control.ts'
import type { MigrationReport, Report } from '../contract/report.ts'
import type { Changes } from '../report/control/migrate-state.ts'
import type { MigrationChanges } from '../report/control/migration-changes.ts'
import type { ProcessMetrics } from '../report/metrics/prometheus.ts'

/** From the master to a worker. */
export type WorkerRequest =
  /** The figures; {@link WorkerFigures}. */
  | { readonly type: 'figures'; readonly withMetrics: boolean }
  /** Makes changes of a migration; a `MigrationReport` without its path. */
  | { readonly type: 'change'; readonly path: string; readonly changes: MigrationChanges }

/** The figures of a worker. */
export interface WorkerFigures {
  /** Null before the worker serves, and without figures. */
  readonly report: Report | null
  /** The metrics of its process; null if they are not wanted. */
  readonly metrics: ProcessMetrics | null
}

/** The result of a change. */
export type ChangedMigration = Omit<MigrationReport, 'path'>

/** From a worker to its master. */
export type MasterRequest =
  /** A request of `report()` or `metrics()` in the app; a {@link ControlAnswer}. */
  | { readonly type: 'control'; readonly request: ControlRequest }
  /** The changes of migrations so far; {@link Changes}. Further ones come as requests. */
  | { readonly type: 'changes' }
  /** The worker ends: its last figures. There is no result. */
  | { readonly type: 'last'; readonly report: Report }

/** The result of `control`. */
export type ControlResult = ControlAnswer
/** The result of `changes`. */
export type ChangesResult = Readonly<Changes>
