// The sockets for the operator of a server: the control socket, and the metrics on a port of their own.

import { mount } from '../bridge/mount.ts'
import { InvalidOptionError } from '../errors.ts'
import { openControl } from '../report/control/open-control.ts'
import { metricsOf } from '../report/metrics/metrics.ts'
import { serve } from '../server/serve.ts'
import type { Controlled } from '../report/control/controlled.ts'
import type { Server } from '../server/serve.ts'
import type { ProcessOptions } from './options-table.ts'

type Places = Pick<ProcessOptions, 'control' | 'metrics'>

const GRACE_MS = 1_000

/** The sockets of one server, or of a master. Their owner closes them. */
export class OperatorPorts {
  readonly #places: Places
  #control: Server | undefined
  #metrics: Server | undefined

  constructor(places: Places) {
    this.#places = places
  }

  /** Listens for the operator. If it fails, the part that listens already is closed. */
  async open(controlled: Controlled): Promise<void> {
    try {
      await this.#openControl(controlled)
      await this.#openMetrics(controlled)
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

  async #openControl(controlled: Controlled): Promise<void> {
    const { control: path } = this.#places
    if (path === null) return
    this.#control = await openControl(path, controlled).catch(naming('--control'))
  }

  async #openMetrics({ metrics, log }: Controlled): Promise<void> {
    const { metrics: place } = this.#places
    if (place === null || 'path' in place) return
    const app = mount({ '/metrics': metricsOf(metrics) })
    const listening = serve(app, { ...place, log, drainIdleMs: 0 })
    this.#metrics = await listening.catch(naming('--metrics'))
    log.info({}, `the metrics are at ${this.#metrics.url}/metrics`)
  }
}

// The message of serve() names the option "uds" or "port", which the user has not written.
function naming(flag: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof InvalidOptionError)) throw Object.assign(error as Error, { flag })
    const { message } = error
    throw new InvalidOptionError(flag + message.slice(message.indexOf(' cannot be ')))
  }
}
