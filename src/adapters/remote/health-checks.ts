// Asks each target regularly whether it is healthy.

import { RemoteConnection, connectorTo } from './connection.ts'
import type { Dispatcher } from 'undici'
import type { RemoteSettings } from './settings.ts'
import type { Target } from './target.ts'

/** The checks of all targets, from the start to {@link close}. */
export class HealthChecks {
  readonly #checks: readonly TargetCheck[]
  readonly #timer: NodeJS.Timeout

  /** @param path the path that the checks ask for */
  constructor(targets: readonly Target[], path: string, settings: RemoteSettings) {
    const checks = targets.map((target) => new TargetCheck(target, path, settings))
    const run = (): void => checks.forEach((check) => check.run())
    this.#checks = checks
    run()
    this.#timer = setInterval(run, settings.health.intervalMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    for (const check of this.#checks) check.end(undefined)
  }
}

/** The checks of one target, one at a time, each on a connection of its own: a target that accepts none is ill. */
class TargetCheck implements Dispatcher.DispatchHandler {
  readonly #target: Target
  readonly #path: string
  readonly #settings: RemoteSettings
  readonly #connector: ReturnType<typeof connectorTo>
  #connection: RemoteConnection | undefined
  #timer: NodeJS.Timeout | undefined
  #startedAt = 0

  constructor(target: Target, path: string, settings: RemoteSettings) {
    this.#target = target
    this.#path = path
    this.#settings = settings
    this.#connector = connectorTo(target.address, settings)
  }

  run(): void {
    if (this.#connection) return
    const { health, host } = this.#settings
    const { address } = this.#target
    this.#startedAt = performance.now()
    this.#connection = new RemoteConnection(address, this.#settings, this.#connector, NO_OWNER)
    this.#timer = setTimeout(() => this.#late(), health.timeoutMs).unref()
    const headers = ['host', host === 'keep' || host === 'target' ? address.host : host]
    const path = this.#path
    // It closes afterwards: a check opens a connection, because a target that accepts none is ill.
    const options = { method: 'GET', path, headers, body: null, headersTimeout: null, reset: true }
    this.#connection.dispatch(options, this)
  }

  onConnect(): void {}

  onHeaders(status: number): boolean {
    if (status < 200) return true
    const isHealthy = status < 400
    this.end(isHealthy ? undefined : new Error(`the check got status ${status}`), isHealthy)
    return true
  }

  onData(): boolean {
    return true
  }

  onComplete(): void {}

  onError(error: Error): void {
    this.end(error)
  }

  /** Ends the check under way, with the error of the target if it failed. */
  end(error: Error | undefined, isHealthy = false): void {
    const connection = this.#connection
    if (!connection) return
    clearTimeout(this.#timer)
    this.#connection = undefined
    connection.discard()
    if (isHealthy) this.#target.passesCheck()
    else if (error) this.#target.failsCheck(error)
  }

  #late(): void {
    const ms = Math.round(performance.now() - this.#startedAt)
    this.end(new Error(`the check got no answer within ${ms} ms`))
  }
}

const NO_OWNER = { closed() {}, released() {}, discarded() {} }
