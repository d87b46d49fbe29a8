// The part of a worker in the report of all workers: its figures for the master, and the way of its app to the master.

import { loadPrometheus } from '../../report/metrics/prometheus.ts'
import { applyChanges } from '../../report/control/migrate-state.ts'
import { migrationsOf } from '../../report/control/migrations-of.ts'
import { snapshot } from '../../report/snapshot.ts'
import { countedReport } from '../../report/workers/counted.ts'
import { withoutTrailingSlashes } from '../../server/resolve-options.ts'
import { IpcRequests } from '../ipc-requests.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { Figures } from '../../figures/figures.ts'
import type { LiveMigrations } from '../../report/control/live-migration.ts'
import type { Server } from '../../server/serve.ts'
import type {
  ChangedMigration,
  ChangesResult,
  ControlResult,
  MasterRequest,
  WorkerFigures,
  WorkerRequest,
} from '../operator-requests.ts'
import type { Peer } from '../ipc-requests.ts'
import type { OperatorParts } from './operator-parts.ts'

/** The master asks its workers for a second; then it answers without those that are silent. */
const REPORT_MS = 3_000
/** A reload of the code is a request too long for this: the app cannot order one. */
const CHANGES_MS = 10_000
const LAST_MS = 1_000

/** The figures and the migrations of one worker, for its master. */
export class WorkerOperator implements OperatorParts {
  readonly #log: Log
  readonly #migrations: LiveMigrations
  readonly #master: IpcRequests
  #figures: Figures | null = null

  /** @param own the process of the worker */
  constructor(app: EventApp, rootPath: string, { own, log }: { own: Peer; log: Log }) {
    this.#log = log
    this.#migrations = migrationsOf(app, withoutTrailingSlashes(rootPath))
    const answer = (request: unknown): Promise<unknown> => this.#answer(request as WorkerRequest)
    this.#master = new IpcRequests(own, 'the master', answer)
  }

  async prepare(): Promise<void> {
    try {
      const changes = await this.#ask({ type: 'changes' }, CHANGES_MS)
      const source = 'the control socket'
      applyChanges(changes as ChangesResult, this.#migrations, { source, log: this.#log })
    } catch (error) {
      this.#log.warn(
        { err: error },
        'the changes of migrations are not known: they are as in the code',
      )
    }
  }

  async open({ figures }: Server): Promise<void> {
    this.#figures = figures
    if (!figures) return
    figures.master = {
      ask: async (request) =>
        (await this.#ask({ type: 'control', request }, REPORT_MS)) as ControlResult,
    }
  }

  async close<Result>(closeServer: () => Promise<Result>): Promise<Result> {
    const result = await closeServer()
    // The counters of the last requests, without which the sum of all workers would go back.
    const report = this.#report()
    if (report) await this.#ask({ type: 'last', report }, LAST_MS).catch(() => undefined)
    return result
  }

  #ask(request: MasterRequest, deadlineMs: number): Promise<unknown> {
    return this.#master.ask(request, deadlineMs)
  }

  async #answer(request: WorkerRequest): Promise<WorkerFigures | ChangedMigration> {
    if (request.type === 'figures') return this.#figuresOf(request.withMetrics)
    const migration = this.#migrations.get(request.path)
    if (!migration) throw new Error(`there is no migration at ${request.path}`)
    migration.set(request.changes)
    return migration.report()
  }

  async #figuresOf(withMetrics: boolean): Promise<WorkerFigures> {
    const metrics = withMetrics ? await (await loadPrometheus()).ownMetrics() : null
    return { report: this.#report(), metrics }
  }

  #report(): WorkerFigures['report'] {
    return this.#figures && countedReport(snapshot(this.#figures))
  }
}
