// Runs the lifespan of an app: startup before the server listens, shutdown after the last connection.

import { LifespanError, UnsupportedScopeError } from '../errors.ts'
import { deferred, rejected } from '../waiting/deferred.ts'
import { LifespanExchange } from './lifespan-exchange.ts'
import { makeReceive } from './receive.ts'
import { settlesWithin } from '../waiting/settles-within.ts'
import type { Channels } from '../contract/channels.ts'
import type {
  EventApp,
  LifespanReceiveEvent,
  LifespanScope,
  SendEvent,
} from '../contract/events.ts'
import type { Hosting } from '../contract/hosting.ts'
import type { Log } from '../contract/log.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { LifespanCommand } from './lifespan-exchange.ts'

/** `auto`: an app without lifespan is fine. `on`: it is an error. `off`: lifespan is not run. */
type LifespanMode = 'auto' | 'on' | 'off'

/** The options of {@link startLifespan}. */
interface LifespanOptions {
  mode: LifespanMode
  /** How long startup may take, in ms. Default 60,000. */
  startupTimeoutMs?: number
  /** How long shutdown may take, in ms. Default 60,000. */
  shutdownTimeoutMs?: number
  log: Log
  /** The channels that the app finds in its scope. */
  channels?: Channels | undefined
  /** The server options that the bridges read. */
  hosting?: Hosting | undefined
}

/** An app that has started. */
export interface Lifespan {
  /** `scope.state` as the app left it: each later connection gets a shallow copy. */
  readonly state: Record<string, unknown>
  /**
   * Tells the app to shut down, and waits until the app has done so, but at most `shutdownTimeoutMs`. It logs failures
   * and never rejects.
   */
  shutdown(): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 60_000

/**
 * Starts `app`, and resolves once the app is ready to serve.
 *
 * @throws {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`) if the app reports a failure or takes too long; in mode `on`
 *   also if it throws or returns before it has started
 * @see ASGI Lifespan 2.0
 * @example
 * const lifespan = await startLifespan(app, { mode: 'auto', log })
 * // … serve, then
 * await lifespan.shutdown()
 */
export async function startLifespan(app: EventApp, options: LifespanOptions): Promise<Lifespan> {
  if (options.mode === 'off') return { state: {}, shutdown: () => Promise.resolve() }
  const running = new RunningLifespan(app, options)
  await running.start()
  return running
}

class RunningLifespan implements Lifespan {
  readonly #scope: LifespanScope
  readonly #app: EventApp
  readonly #options: LifespanOptions
  readonly #exchange = new LifespanExchange()
  readonly #started: Deferred<void> = deferred()
  readonly #stopped: Deferred<void> = deferred()
  readonly #stopping: Deferred<LifespanReceiveEvent> = deferred()
  #phase: 'starting' | 'ready' | 'failed' = 'starting'
  #startupReceived = false
  #shutdown: Promise<void> | undefined

  constructor(app: EventApp, options: LifespanOptions) {
    this.#app = app
    this.#options = options
    this.#scope = {
      type: 'lifespan',
      asgi: { version: '3.0', specVersion: '2.0' },
      state: {},
      'isthmus.log': options.log,
      ...(options.channels && { 'isthmus.channels': options.channels }),
      ...(options.hosting && { 'isthmus.hosting': options.hosting }),
    }
  }

  get state(): Record<string, unknown> {
    return this.#scope.state
  }

  async start(): Promise<void> {
    const { startupTimeoutMs = DEFAULT_TIMEOUT_MS } = this.#options
    this.#run().catch((error: unknown) => this.#started.reject(error))
    if (await settlesWithin(this.#started.promise, startupTimeoutMs)) return
    throw new LifespanError(
      `the app sent no lifespan.startup.complete within ${startupTimeoutMs} ms`,
    )
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= this.#stop()
    return this.#shutdown
  }

  async #stop(): Promise<void> {
    const { shutdownTimeoutMs = DEFAULT_TIMEOUT_MS, log } = this.#options
    this.#exchange.stop()
    this.#stopping.resolve({ type: 'lifespan.shutdown' })
    if (await settlesWithin(this.#stopped.promise, shutdownTimeoutMs)) return
    log.error({}, `the app sent no lifespan.shutdown.complete within ${shutdownTimeoutMs} ms`)
  }

  // An app that returns or throws ends the wait for its shutdown too.
  async #run(): Promise<void> {
    const receive = makeReceive(() => this.#receive())
    try {
      await this.#app(this.#scope, receive, (event) => this.#send(event))
      this.#returned()
    } catch (error) {
      this.#threw(error)
    }
    this.#stopped.resolve()
  }

  #receive(): Promise<LifespanReceiveEvent> {
    if (this.#startupReceived) return this.#stopping.promise
    this.#startupReceived = true
    return Promise.resolve({ type: 'lifespan.startup' })
  }

  #send(event: SendEvent): Promise<void> {
    try {
      this.#take(this.#exchange.accept(event))
      return Promise.resolve()
    } catch (error) {
      return rejected(error)
    }
  }

  #take(command: LifespanCommand): void {
    switch (command.type) {
      case 'started':
        this.#phase = 'ready'
        return this.#started.resolve()
      case 'start-failed':
        return this.#fail(command.message || 'the app failed to start', command.error)
      case 'stopped':
        return this.#stopped.resolve()
      case 'stop-failed':
        this.#options.log.error({}, `the app failed to shut down: ${command.message}`)
        return this.#stopped.resolve()
    }
  }

  #returned(): void {
    if (this.#phase !== 'starting') return
    const message = 'the app returned before lifespan.startup.complete'
    if (this.#options.mode === 'on') return this.#fail(message)
    this.#options.log.debug({}, `${message}: it is served without lifespan`)
    this.#started.resolve()
  }

  #threw(error: unknown): void {
    const { log, mode } = this.#options
    if (this.#phase !== 'starting') {
      return log.error({ err: error }, 'the app failed in its lifespan')
    }
    if (mode === 'on') {
      return this.#fail(`the app threw before lifespan.startup.complete: ${String(error)}`, error)
    }

    if (error instanceof UnsupportedScopeError) log.debug({}, 'the app has no lifespan')
    else log.warn({ err: error }, 'the app threw before lifespan.startup.complete: no lifespan')
    this.#started.resolve()
  }

  #fail(message: string, cause?: unknown): void {
    this.#phase = 'failed'
    const options = cause === undefined ? {} : { cause }
    this.#started.reject(new LifespanError(message, options))
  }
}
