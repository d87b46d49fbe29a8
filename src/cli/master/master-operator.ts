// The operator of a master: one control socket, one page of metrics and one state of migrations for all workers.

import { controlAnswer } from '../../report/control/control-app.ts'
import { MigrateState } from '../../report/control/migrate-state.ts'
import { Refusal } from '../../report/control/refusal.ts'
import { metricsAnswer } from '../../report/metrics/metrics-answer.ts'
import { mergedMigrations } from '../../report/workers/merged-migrations.ts'
import { OperatorPorts } from '../operator-ports.ts'
import { MasterFigures } from './master-figures.ts'
import type { ReloadOutcome } from '../../contract/control.ts'
import type { Log } from '../../contract/log.ts'
import type { Answer } from '../../report/answer.ts'
import type { Controlled, ControlledMigrations } from '../../report/control/controlled.ts'
import type { Changes } from '../../report/control/migrate-state.ts'
import type { MigrationChanges } from '../../report/control/migration-changes.ts'
import type { ProcessOptions } from '../options-table.ts'
import type { ChangedMigration, MasterRequest } from '../operator-requests.ts'

type Options = Pick<ProcessOptions, 'control' | 'metrics' | 'migrateState'>

/** A change waits this long for the workers; it takes effect in a silent one when its event loop turns again. */
const CHANGE_MS = 2_000

/** The parts for the operator of a server with workers. */
export class MasterOperator implements ControlledMigrations {
  /** The master reports the life of its workers here. */
  readonly figures: MasterFigures
  readonly #log: Log
  readonly #state: MigrateState
  readonly #ports: OperatorPorts
  readonly #controlled: Controlled
  /** The changes that the workers make at the moment. */
  readonly #pending = new Set<Changes>()

  /** @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a state file that cannot be used */
  constructor(options: Options, log: Log, reload: () => Promise<ReloadOutcome>) {
    this.figures = new MasterFigures((request) => this.#take(request))
    this.#log = log
    this.#state = new MigrateState(options.migrateState)
    this.#ports = new OperatorPorts(options)
    this.#controlled = {
      report: async () => (await this.figures.collect(false)).report,
      metrics: () => this.#metrics(),
      migrations: this,
      reload,
      state: this.#state,
      by: 'the control socket',
      log,
    }
  }

  /** The workers serve: from now on the operator is answered. */
  async open(): Promise<void> {
    this.figures.keepFresh()
    await this.#ports.open(this.#controlled)
  }

  /** Ends around `closeWorkers`, and resolves with its result. */
  async close<Result>(closeWorkers: () => Promise<Result>): Promise<Result> {
    const result = await this.#ports.close(closeWorkers)
    this.figures.close()
    return result
  }

  async paths(): Promise<string[]> {
    const { report } = await this.figures.collect(false)
    return report.migrations.map(({ path }) => path)
  }

  async set(path: string, changes: MigrationChanges): Promise<ChangedMigration> {
    const pending = { [path]: changes }
    this.#pending.add(pending)
    try {
      const asked = this.figures.askPrepared({ type: 'change', path, changes }, CHANGE_MS)
      return this.#together(path, await Promise.allSettled(asked))
    } finally {
      this.#pending.delete(pending)
    }
  }

  #together(path: string, answers: ReadonlyArray<PromiseSettledResult<unknown>>): ChangedMigration {
    const changed = answers
      .filter((answer) => answer.status === 'fulfilled')
      .map(({ value }) => ({ path, ...(value as ChangedMigration) }))
    const errors = answers
      .filter((answer) => answer.status === 'rejected')
      .map(({ reason }) => (reason as Error).message)
    const [migration] = mergedMigrations([changed])
    if (!migration) throw new Refusal(503, errors[0] ?? 'no worker serves at the moment; ask again')
    if (errors.length > 0) {
      this.#log.warn({ path, errors }, `not all workers have changed the migration at ${path} yet`)
    }
    return migration
  }

  async #take(request: MasterRequest): Promise<unknown> {
    if (request.type === 'control') {
      return controlAnswer({ ...this.#controlled, reload: null }, request.request)
    }
    return this.#changes()
  }

  // A worker that starts during a change is not asked to make it, so it gets it here.
  #changes(): Changes {
    const changes: Changes = { ...this.#state.changes }
    for (const pending of this.#pending) {
      for (const [path, change] of Object.entries(pending)) {
        changes[path] = { ...changes[path], ...change }
      }
    }
    return changes
  }

  async #metrics(): Promise<Answer> {
    const { report, metrics } = await this.figures.collect(true)
    return metricsAnswer(report, metrics)
  }
}
