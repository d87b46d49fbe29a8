// The part of a server that serves an app inside another server: the life of the app, and its exchanges.

import { UnavailableError } from '../../errors.ts'
import { rejected } from '../../waiting/deferred.ts'
import { openDispatcher } from '../open-dispatcher.ts'
import { shutDown } from '../shutdown.ts'
import { WebSockets } from '../websocket/websockets.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Lifespan } from '../../async/lifespan.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Engine } from '../engine.ts'
import type { Settings } from '../options.ts'
import type { Shutdown } from '../shutdown.ts'

/** A connection or exchange that a shutdown can cut. */
interface Cuttable {
  destroy(): unknown
}

/** An app that has started. */
export interface Started {
  dispatcher: Dispatcher
  webSockets: WebSockets
  lifespan: Lifespan
}

/** Serves one app. The outer server owns the listener and the connections. */
export class EmbeddedServer implements Omit<Engine, 'connections' | 'listen'> {
  readonly app: EventApp
  readonly settings: Settings
  /** The exchanges under way. */
  readonly exchanges: Set<Cuttable> = new Set()
  /** The sockets of WebSockets. */
  readonly sockets: Set<Cuttable> = new Set()
  #started: Started | undefined
  #starting: Promise<Started> | undefined
  #closing: Promise<Shutdown> | undefined

  constructor(app: EventApp, settings: Settings) {
    this.app = app
    this.settings = settings
  }

  /** The app, if it has started and is not closed. */
  get started(): Started | undefined {
    return this.#closing ? undefined : this.#started
  }

  /**
   * Starts the app. Further calls return the same promise, until a startup has failed: then the next call tries again.
   *
   * @throws {@link LifespanError} (`ISTHMUS_LIFESPAN_FAILED`) if the startup fails, {@link UnavailableError}
   *   (`ISTHMUS_UNAVAILABLE`) after {@link close}
   */
  start(): Promise<Started> {
    if (this.#closing) return rejected(new UnavailableError('the app is closed'))
    return (this.#starting ??= this.#start())
  }

  /** Shuts the app down. Further calls return the same promise. */
  close(graceMs: number = this.settings.graceMs): Promise<Shutdown> {
    return (this.#closing ??= this.#close(graceMs))
  }

  /** The connections belong to the outer server. */
  drain(): Promise<void> {
    return Promise.resolve()
  }

  cutRequests(): void {
    for (const exchange of this.exchanges) exchange.destroy()
  }

  closeWebSockets(): void {
    this.#started?.webSockets.closeAll()
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  async #start(): Promise<Started> {
    const { settings } = this
    try {
      const { dispatcher, lifespan } = await openDispatcher(this.app, settings)
      this.#started = { dispatcher, lifespan, webSockets: new WebSockets(dispatcher, settings) }
      return this.#started
    } catch (err) {
      this.#starting = undefined
      settings.log.error({ err }, 'the app did not start')
      throw err
    }
  }

  async #close(graceMs: number): Promise<Shutdown> {
    const started = await this.#starting?.catch(() => undefined)
    if (!started) return { forced: false }
    const { dispatcher, lifespan } = started
    return shutDown({ dispatcher, lifespan, engine: this, graceMs, drainIdleMs: 0 })
  }
}
