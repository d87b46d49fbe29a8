// Stands between the engines and the app: makes scopes, refuses bad requests, and keeps the exchanges under way.

import { ServerExchangeContext } from '../async/exchange-context.ts'
import { factsOf } from '../bridge/app-facts.ts'
import { ExchangeFigures } from '../figures/exchange-figures.ts'
import { Figures } from '../figures/figures.ts'
import { deferred } from '../waiting/deferred.ts'
import { TimerWheel } from '../waiting/timer-wheel.ts'
import { PeerError, ServiceError, UnavailableError } from '../errors.ts'
import { HttpRun } from './http/run.ts'
import { Health } from './health.ts'
import { makeIdentity } from './identity.ts'
import { IGNORED_EVENTS } from './engine.ts'
import { refusal } from './refusal.ts'
import { logRead, logUnread } from './refused-line.ts'
import { httpScope, websocketScope } from './scope.ts'
import { WebSocketRun } from './websocket/run.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { Identity } from '../async/framing.ts'
import type { EventApp } from '../contract/events.ts'
import type { Hosting } from '../contract/hosting.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { Settings } from './options.ts'
import type { HttpEvents, HttpTransport, WebSocketTransport } from './engine.ts'
import type { ResponsePart } from '../async/http-exchange.ts'
import type { Peer, RefusalReason } from './refused-line.ts'
import type { ServerStats } from './stats.ts'

/** An exchange under way. */
interface Running {
  /** Its index in the dispatcher's list; only the dispatcher uses it. */
  slot: number
  /** Calls back in the end, in every case. */
  run(onEnd: (ended: Running) => void): void
  shutdown(): void
}

/** Serves one app to any number of engines. */
export class Dispatcher {
  readonly identity: Identity
  /** The wheel of every timeout of every connection. */
  readonly wheel: TimerWheel = new TimerWheel()
  /** The figures of the server; undefined without the option `figures`. */
  readonly figures: Figures | undefined
  readonly #app: EventApp
  readonly #health: Health | null
  readonly #state: Record<string, unknown>
  readonly #settings: Settings & { identity: Identity; hosting: Hosting; wheel: TimerWheel }
  readonly #running: Running[] = []
  #whenIdle: Deferred<void> | undefined
  #requests = 0
  #webSockets = 0
  #openWebSockets = 0
  #refused = 0
  #closing = false

  constructor(app: EventApp, state: Record<string, unknown>, settings: Settings) {
    this.#app = app
    const { health } = settings
    this.#state = state
    this.identity = makeIdentity(settings.serverHeader, settings.dateHeader)
    const { identity, wheel } = this
    const isProbed = health.live !== null || health.ready !== null
    this.#health = isProbed ? new Health(health, identity) : null
    this.#settings = { ...settings, identity, hosting: settings.sync, wheel }
    this.figures = settings.figures ? this.#figuresOf(app, settings) : undefined
  }

  /** Serves one request on `transport` with `app`. The engine reports to the returned events. */
  http(head: RequestHead, transport: HttpTransport, app: EventApp = this.#app): HttpEvents {
    if (this.#health !== null && this.#probed(this.#health, head, transport)) return IGNORED_EVENTS
    try {
      this.#admit(head)
      // A request that was sent before the client could know of the shutdown is served, as the last of its connection.
      if (this.#closing) head.keepAlive = false
      const settings = this.#settings
      const context = this.#context()
      const scope = httpScope(head, this.#state, settings, context)
      if (this.figures) context.figures = new ExchangeFigures(this.figures, false)
      const parts = { transport, request: head, context, settings }
      const run = new HttpRun(app, scope, parts)
      this.#requests += 1
      this.#start(run, this.#onEnd)
      return run
    } catch (error) {
      if (!(error instanceof PeerError || error instanceof ServiceError)) throw error
      logRead(this.#settings.log, error, head, head.method)
      for (const part of refusal(error.status, this.identity, head)) transport.write(part)
      return IGNORED_EVENTS
    }
  }

  /** Serves one WebSocket whose handshake is valid; null when the dispatcher denied it at once. */
  websocket(
    head: RequestHead,
    subprotocols: string[],
    transport: WebSocketTransport,
  ): WebSocketRun | null {
    try {
      if (this.#closing) throw this.#refused503('the server is shutting down')
      this.#admit(head)
      const settings = this.#settings
      const context = this.#context()
      const handshake = httpScope(head, this.#state, settings, context)
      const scope = websocketScope(handshake, subprotocols)
      if (this.figures) context.figures = new ExchangeFigures(this.figures, true)
      const parts = { transport, context, settings }
      const run = new WebSocketRun(this.#app, scope, parts)
      this.#webSockets += 1
      this.#openWebSockets += 1
      this.#start(run, this.#onWebSocketEnd)
      return run
    } catch (error) {
      if (!(error instanceof PeerError || error instanceof ServiceError)) throw error
      logRead(this.#settings.log, error, head, 'WEBSOCKET')
      for (const part of refusal(error.status, this.identity, head)) transport.deny(part)
      return null
    }
  }

  /** The answer to a request of `peer` whose head could not be read. The log gets a line. */
  refusal(reason: RefusalReason, peer: Peer): ResponsePart[] {
    logUnread(this.#settings.log, reason, peer)
    return refusal(reason.status, this.identity, undefined, reason.text)
  }

  /** Tells every running exchange that the server closes. Later requests end their connections; later WebSockets get 503. */
  shutdown(): void {
    this.#closing = true
    // A copy: an exchange may end at once when it is told.
    for (const running of this.#running.slice()) running.shutdown()
  }

  /** Resolves when no exchange is running. */
  idle(): Promise<void> {
    if (this.#running.length === 0) return Promise.resolve()
    this.#whenIdle ??= deferred()
    return this.#whenIdle.promise
  }

  /** The counters: the exchanges under way, and the sums since the start. */
  stats(): Omit<ServerStats, 'connections'> {
    const open = this.#openWebSockets
    return {
      requests: { inFlight: this.#running.length - open, total: this.#requests },
      webSockets: { open, total: this.#webSockets },
      refused: this.#refused,
      channels: this.#settings.channels?.stats() ?? null,
    }
  }

  #probed(health: Health, head: RequestHead, transport: HttpTransport): boolean {
    const isFull = this.#running.length >= this.#settings.maxConcurrency
    const parts = health.answer(head, { isClosing: this.#closing, isFull })
    for (const part of parts ?? []) transport.write(part)
    return parts !== null
  }

  #admit(head: RequestHead): void {
    const { maxConcurrency } = this.#settings
    if (this.#running.length >= maxConcurrency) {
      throw this.#refused503(`maxConcurrency of ${maxConcurrency} is reached`)
    }
    if (head.fault !== null) throw head.fault
  }

  #refused503(reason: string): UnavailableError {
    this.#refused += 1
    return new UnavailableError(reason)
  }

  #context(): ServerExchangeContext {
    return new ServerExchangeContext(this.#settings.log, this.#settings.hosting)
  }

  #figuresOf(app: EventApp, { rootPath, sync }: Settings): Figures {
    const { kind } = factsOf(app)
    const { inlineThreads } = sync
    return new Figures({ app, kind, rootPath, inlineThreads, counters: () => this.stats() })
  }

  #start(running: Running, onEnd: (ended: Running) => void): void {
    running.slot = this.#running.push(running) - 1
    running.run(onEnd)
  }

  readonly #onWebSocketEnd = (ended: Running): void => {
    this.#openWebSockets -= 1
    this.#onEnd(ended)
  }

  // The last exchange takes the place of the one that has ended. This is cheaper than a Set.
  readonly #onEnd = (ended: Running): void => {
    const last = this.#running.pop() as Running
    if (last !== ended) {
      this.#running[ended.slot] = last
      last.slot = ended.slot
    }
    if (this.#running.length > 0) return
    this.#whenIdle?.resolve()
    this.#whenIdle = undefined
  }
}
