// The parts of a server in one process that are for its operator.

import { metricsAnswer } from '../../report/metrics/metrics-answer.ts'
import { MigrateState } from '../../report/control/migrate-state.ts'
import { migrationsOf } from '../../report/control/migrations-of.ts'
import { ownMigrations } from '../../report/control/own-migrations.ts'
import { snapshot } from '../../report/snapshot.ts'
import { withoutTrailingSlashes } from '../../server/resolve-options.ts'
import { OperatorPorts } from '../operator-ports.ts'
import type { ReloadOutcome } from '../../contract/control.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { Report } from '../../contract/report.ts'
import type { LiveMigrations } from '../../report/control/live-migration.ts'
import type { Server } from '../../server/serve.ts'
import type { OperatorOptions, OperatorParts } from './operator-parts.ts'

/** The parts for the operator of a server in one process. */
export class Operator implements OperatorParts {
  readonly #log: Log
  readonly #migrations: LiveMigrations
  readonly #state: MigrateState
  readonly #ports: OperatorPorts
  readonly #reload: () => Promise<ReloadOutcome>

  /**
   * Reads the state of the migrations of `app`.
   *
   * @param rootPath the path of `app` itself: the paths of the report begin with it
   * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a state file that cannot be used
   */
  constructor(
    app: EventApp,
    rootPath: string,
    options: OperatorOptions & { log: Log; reload: () => Promise<ReloadOutcome> },
  ) {
    this.#log = options.log
    this.#reload = options.reload
    this.#migrations = migrationsOf(app, withoutTrailingSlashes(rootPath))
    this.#state = new MigrateState(options.migrateState)
    this.#ports = new OperatorPorts(options)
  }

  async prepare(): Promise<void> {
    this.#state.apply(this.#migrations, this.#log)
  }

  async open({ figures }: Server): Promise<void> {
    if (!figures) return
    const report = (): Report => snapshot(figures)
    await this.#ports.open({
      report,
      metrics: () => metricsAnswer(report()),
      migrations: ownMigrations(this.#migrations),
      reload: this.#reload,
      state: this.#state,
      by: 'the control socket',
      log: this.#log,
    })
  }

  close<Result>(closeServer: () => Promise<Result>): Promise<Result> {
    return this.#ports.close(closeServer)
  }
}
