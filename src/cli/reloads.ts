// SIGHUP: the apps in threads and processes are loaded anew. Apps on the event loop stay as they are.

import { reloadPools } from '../hosting/gateway/open-pools.ts'
import type { Log } from '../contract/log.ts'
import type { Reloaded } from '../hosting/gateway/open-pools.ts'

const SIGNAL = { signal: 'SIGHUP' }

/** The reloads of a server, one after the other. Signals during one make one more after it. */
export class Reloads {
  readonly #reload: () => Promise<Reloaded>
  // The start loads the apps too: a signal meanwhile makes a reload after it.
  #isBusy = true
  #isDue = false
  #isOver = false

  constructor(reload: () => Promise<Reloaded> = reloadPools) {
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
        const reloaded = await this.#reload()
        if (!this.#isOver) report(log, reloaded)
      }
    } finally {
      this.#isBusy = false
    }
  }
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
