// The parts of a server that are for its operator: the control socket, and the metrics on a port of their own.

import { mount } from '../../bridge/mount.ts'
import { InvalidOptionError } from '../../errors.ts'
import { MigrateState } from '../../report/control/migrate-state.ts'
import { migrationsOf } from '../../report/control/migrations-of.ts'
import { openControl } from '../../report/control/open-control.ts'
import { metrics, metricsOf } from '../../report/metrics/metrics.ts'
import { snapshot } from '../../report/snapshot.ts'
import { withoutTrailingSlashes } from '../../server/resolve-options.ts'
import { serve } from '../../server/serve.ts'
import type { MountTable } from '../../bridge/mount.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { Report } from '../../contract/report.ts'
import type { LiveMigrations } from '../../report/control/live-migration.ts'
import type { Server } from '../../server/serve.ts'
import type { ProcessOptions } from '../options-table.ts'

type OperatorOptions = Pick<ProcessOptions, 'control' | 'migrateState' | 'metrics'>

/** Whether a part for the operator needs the figures of the server. */
export function needsFigures({ control, metrics: place }: OperatorOptions): boolean {
  return control !== null || place !== null
}

/** The mount of the metrics, if they have one. */
export function metricsMount({ metrics: place }: OperatorOptions): MountTable {
  return place && 'path' in place ? { [place.path]: metrics() } : {}
}

/** The parts for the operator of one server. */
export class Operator {
  readonly #options: OperatorOptions
  readonly #log: Log
  readonly #migrations: LiveMigrations
  readonly #state: MigrateState | null
  #control: Server | undefined
  #metrics: Server | undefined

  /**
   * Reads the state of the migrations of `app`, and applies it.
   *
   * @param rootPath the path of `app` itself: the paths of the report begin with it
   * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a state file that cannot be used
   */
  constructor(app: EventApp, rootPath: string, options: OperatorOptions & { log: Log }) {
    const { migrateState: file, log } = options
    this.#options = options
    this.#log = log
    this.#migrations = migrationsOf(app, withoutTrailingSlashes(rootPath))
    this.#state = file === null ? null : new MigrateState(file)
    this.#state?.apply(this.#migrations, log)
  }

  /** Listens for the operator of `server`, which has figures. If it fails, the part that listens already is closed. */
  async open({ figures }: Server): Promise<void> {
    if (!figures) return
    const report = (): Report => snapshot(figures)
    try {
      await this.#openControl(report)
      await this.#openMetrics(report)
    } catch (error) {
      await this.close(async () => undefined)
      throw error
    }
  }

  /**
   * Closes the parts around `closeServer`. A successor takes the control socket while the server drains, and the metrics
   * are there until the last request has ended.
   */
  async close<Result>(closeServer: () => Promise<Result>): Promise<Result> {
    const [result] = await Promise.all([closeServer(), this.#control?.close({ graceMs: GRACE_MS })])
    await this.#metrics?.close({ graceMs: GRACE_MS })
    return result
  }

  async #openControl(report: () => Report): Promise<void> {
    const { control: path } = this.#options
    if (path === null) return
    const controlled = { report, migrations: this.#migrations, state: this.#state, log: this.#log }
    this.#control = await openControl(path, controlled).catch(naming('--control'))
  }

  async #openMetrics(report: () => Report): Promise<void> {
    const { metrics: place } = this.#options
    if (place === null || 'path' in place) return
    const app = mount({ '/metrics': metricsOf(report) })
    const listening = serve(app, { ...place, log: this.#log, drainIdleMs: 0 })
    this.#metrics = await listening.catch(naming('--metrics'))
    this.#log.info({}, `the metrics are at ${this.#metrics.url}/metrics`)
  }
}

const GRACE_MS = 1_000

// The message of serve() names the option "uds" or "port", which the user has not written.
function naming(flag: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof InvalidOptionError)) throw Object.assign(error as Error, { flag })
    const { message } = error
    throw new InvalidOptionError(flag + message.slice(message.indexOf(' cannot be ')))
  }
}
