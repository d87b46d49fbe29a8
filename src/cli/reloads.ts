// The apps are loaded anew, by new workers, or by new threads and processes of this process: by SIGHUP, or by the control socket.

import { reloadPools } from '../hosting/gateway/open-pools.ts'
import type { ReloadOutcome } from '../contract/control.ts'
import type { Log } from '../contract/log.ts'
import type { ServiceManager } from './service-manager.ts'
import type { Reloaded } from '../hosting/gateway/open-pools.ts'

/** One reload that has ended. */
interface EndedReload {
  readonly outcome: ReloadOutcome
  /** Writes the lines about it. */
  report: (log: Log) => void
}

const OVER: ReloadOutcome = { workers: 0, pools: 0, errors: ['the server drains'] }

/** The reloads of a server, one after the other. Orders during one make one more after it. */
export class Reloads {
  /** Gets the begin and the end of each reload. */
  manager: Pick<ServiceManager, 'reloading' | 'ready'> | null = null
  readonly #reload: () => Promise<EndedReload>
  // The start loads the apps too: an order meanwhile makes a reload after it.
  #isBusy = true
  /** The functions that take the outcome of the next reload. */
  #due: Array<(outcome: ReloadOutcome) => void> = []
  #isOver = false

  /** @param reload resolves at the end of a reload */
  constructor(reload: () => Promise<EndedReload>) {
    this.#reload = reload
  }

  /**
   * Reloads, as soon as a reload that is under way has ended. Resolves at the end.
   *
   * @param by names the source of the order in the log
   */
  order(log: Log, by = 'SIGHUP'): Promise<ReloadOutcome> {
    if (this.#isOver) return Promise.resolve(OVER)
    const ended = new Promise<ReloadOutcome>((resolve) => this.#due.push(resolve))
    const fields = by === 'SIGHUP' ? { signal: by } : {}
    if (this.#isBusy) log.info(fields, `${by}: the apps load; another reload follows`)
    else this.#begin(log, by)
    return ended
  }

  /** The server listens: from now on an order reloads at once. */
  started(log: Log): void {
    this.#isBusy = false
    this.#begin(log, 'SIGHUP')
  }

  /** The server drains: no reload begins any more, and none is reported. */
  end(): void {
    this.#isOver = true
    for (const resolve of this.#due.splice(0)) resolve(OVER)
  }

  #begin(log: Log, by: string): void {
    this.#work(log, by).catch((err: unknown) => log.error({ err }, 'the reload has failed'))
  }

  async #work(log: Log, by: string): Promise<void> {
    this.#isBusy = true
    while (this.#due.length > 0 && !this.#isOver) {
      const waiting = this.#due.splice(0)
      log.info(by === 'SIGHUP' ? { signal: by } : {}, `${by}: reloading`)
      this.manager?.reloading()
      const { outcome, report } = await this.#reload().catch(failed)
      if (!this.#isOver) this.manager?.ready()
      if (!this.#isOver) report(log)
      for (const resolve of waiting) resolve(outcome)
    }
    this.#isBusy = false
  }
}

// A reload that throws has an outcome too: a command waits for it.
function failed(error: unknown): EndedReload {
  return {
    outcome: { workers: 0, pools: 0, errors: [(error as Error).message] },
    report: (log) => log.error({ err: error }, 'the reload has failed'),
  }
}

/** The reloads of a process that serves: new threads and processes load the apps. Apps on the event loop stay as they are. */
export function poolReloads(reload: () => Promise<Reloaded> = reloadPools): Reloads {
  return new Reloads(async () => {
    const reloaded = await reload()
    const errors = reloaded.errors.map((error) => (error as Error).message)
    const outcome = { workers: 0, pools: reloaded.pools, errors }
    return { outcome, report: (log) => report(log, reloaded) }
  })
}

const REMEDY = 'no app runs in threads or processes; restart the server, or serve with --workers'

function report(log: Log, { pools, errors }: Reloaded): void {
  for (const err of errors) {
    log.error({ err }, 'new threads or processes could not load their app; the old ones stay')
  }
  if (errors.length > 0 && pools > 0) log.info({ pools }, 'the other apps are reloaded')
  else if (pools > 0) log.info({ pools }, 'reloaded')
  else if (errors.length === 0) log.warn({}, `nothing to reload: ${REMEDY}`)
}
