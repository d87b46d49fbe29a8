// Asks each target regularly whether it is healthy.

import { RemoteConnection, connectorTo } from './connection.ts'
import type { Dispatcher } from 'undici'
import type { RemoteSettings } from './settings.ts'
import type { Target } from './target.ts'

/** The checks of all targets, one at a time for each, from the start to {@link close}. */
export class HealthChecks {
  readonly #targets: readonly Target[]
  readonly #path: string
  readonly #settings: RemoteSettings
  readonly #running = new Map<Target, Check>()
  readonly #timer: NodeJS.Timeout

  /** @param path the path that the checks ask for */
  constructor(targets: readonly Target[], path: string, settings: RemoteSettings) {
    this.#targets = targets
    this.#path = path
    this.#settings = settings
    this.#run()
    this.#timer = setInterval(() => this.#run(), settings.health.intervalMs).unref()
  }

  /** Ends the checks. Those under way have no result. */
  close(): void {
    clearInterval(this.#timer)
    for (const check of this.#running.values()) check.end()
  }

  #run(): void {
    for (const target of this.#targets) {
      if (this.#running.has(target)) continue
      const check = new Check(target, this.#settings, () => this.#running.delete(target))
      this.#running.set(target, check)
      check.begin(this.#path)
    }
  }
}

/** One check, on a connection of its own: a target that accepts none is ill. */
class Check implements Dispatcher.DispatchHandler {
  readonly #target: Target
  readonly #settings: RemoteSettings
  readonly #connection: RemoteConnection
  readonly #timer: NodeJS.Timeout
  readonly #onEnd: () => void
  #isOver = false

  constructor(target: Target, settings: RemoteSettings, onEnd: () => void) {
    const connector = connectorTo(target.address, settings)
    this.#target = target
    this.#settings = settings
    this.#onEnd = onEnd
    this.#connection = new RemoteConnection(target.address, settings, connector, NO_OWNER)
    this.#timer = setTimeout(() => this.#late(), settings.health.timeoutMs).unref()
  }

  begin(path: string): void {
    const { host } = this.#settings
    const own = this.#target.address.host
    const headers = ['host', host === 'keep' || host === 'target' ? own : host]
    const options = { method: 'GET', path, headers, body: null, headersTimeout: null, reset: true }
    this.#connection.dispatch(options, this)
  }

  onConnect(): void {}

  onHeaders(status: number): boolean {
    if (status < 200) return true
    if (status < 400) this.#passed()
    else this.#failed(new Error(`the check got status ${status}`))
    return true
  }

  onData(): boolean {
    return true
  }

  onComplete(): void {}

  onError(error: Error): void {
    this.#failed(error)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#connection.discard()
    this.#onEnd()
  }

  #passed(): void {
    if (!this.#isOver) this.#target.passesCheck()
    this.end()
  }

  #failed(error: Error): void {
    if (!this.#isOver) this.#target.failsCheck(error)
    this.end()
  }

  #late(): void {
    const { timeoutMs } = this.#settings.health
    this.#failed(new Error(`the check got no answer within ${timeoutMs} ms`))
  }
}

const NO_OWNER = { closed() {}, released() {}, discarded() {} }
