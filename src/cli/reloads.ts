// SIGHUP: the apps are loaded anew, by new workers, or by new threads and processes of this process.

import { reloadPools } from '../hosting/gateway/open-pools.ts'
import type { Log } from '../contract/log.ts'
import type { ServiceManager } from './service-manager.ts'
import type { Reloaded } from '../hosting/gateway/open-pools.ts'

const SIGNAL = { signal: 'SIGHUP' }

/** The reloads of a server, one after the other. Signals during one make one more after it. */
export class Reloads {
  /** Gets the begin and the end of each reload. */
  manager: Pick<ServiceManager, 'reloading' | 'ready'> | null = null
  readonly #reload: () => Promise<(log: Log) => void>
  // The start loads the apps too: a signal meanwhile makes a reload after it.
  #isBusy = true
  #isDue = false
  #isOver = false

  /** @param reload resolves at the end of a reload, with a function that reports its result */
  constructor(reload: () => Promise<(log: Log) => void>) {
    this.#reload = reload
  }

  /** A signal has come. */
  order(log: Log): void {
    if (this.#isOver) return
    this.#isDue = true
    if (this.#isBusy) return log.info(SIGNAL, 'SIGHUP: the apps load; another reload follows')
    this.#begin(log)
  }

  /** The server listens: from now on a signal reloads at once. */
  started(log: Log): void {
    this.#isBusy = false
    this.#begin(log)
  }

  /** The server drains: no reload begins any more, and none is reported. */
  end(): void {
    this.#isOver = true
  }

  #reloaded(): void {
    if (!this.#isOver) this.manager?.ready()
  }

  #begin(log: Log): void {
    this.#work(log).catch((error: unknown) => {
      log.error({ err: error }, 'the reload has failed')
    })
  }

  async #work(log: Log): Promise<void> {
    this.#isBusy = true
    try {
      while (this.#isDue && !this.#isOver) {
        this.#isDue = false
        log.info(SIGNAL, 'SIGHUP: reloading')
        this.manager?.reloading()
        const report = await this.#reload().finally(() => this.#reloaded())
        if (!this.#isOver) report(log)
      }
    } finally {
      this.#isBusy = false
    }
  }
}

/** The reloads of a process that serves: new threads and processes load the apps. Apps on the event loop stay as they are. */
export function poolReloads(reload: () => Promise<Reloaded> = reloadPools): Reloads {
  return new Reloads(async () => {
    const reloaded = await reload()
    return (log) => report(log, reloaded)
  })
}

function report(log: Log, { pools, errors }: Reloaded): void {
  for (const err of errors) {
    log.error({ err }, 'new threads or processes could not load their app; the old ones stay')
  }
  if (errors.length > 0 && pools > 0) log.info({ pools }, 'the other apps are reloaded')
  else if (pools > 0) log.info({ pools }, 'reloaded')
  else if (errors.length === 0)
    log.warn({}, 'nothing to reload: no app runs in threads or processes; restart the server')
}
