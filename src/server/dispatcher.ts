// Between the engines and the app: makes the scope, refuses what must be refused, and knows what is running.

import { ServerExchangeContext } from '../async/exchange-context.ts'
import { deferred } from '../waiting/deferred.ts'
import { TimerWheel } from '../waiting/timer-wheel.ts'
import { PeerError, ServiceError, UnavailableError } from '../errors.ts'
import { HttpRun } from './http-run.ts'
import { makeIdentity } from './identity.ts'
import { NOBODY } from './nobody.ts'
import { hostingOf } from './options.ts'
import { refusal } from './refusal.ts'
import { httpScope, websocketScope } from './scope.ts'
import { WebSocketRun } from './websocket/run.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { Identity } from '../async/framing.ts'
import type { EventApp, Hosting } from '../contract/events.ts'
import type { CycleRequest } from './cycle-request.ts'
import type { Settings } from './options.ts'
import type { RequestHead } from './scope.ts'
import type { HttpEvents, HttpTransport, WebSocketTransport } from './transport.ts'

/** An exchange under way. */
interface Running {
  /** Where the dispatcher keeps it. */
  slot: number
  /** Calls back in the end, whatever happens. */
  run(onEnd: (ended: Running) => void): void
  shutdown(): void
}

/** Serves one app to any number of engines. */
export class Dispatcher {
  readonly identity: Identity
  /** For every timeout of every connection. */
  readonly wheel: TimerWheel = new TimerWheel()
  readonly #app: EventApp
  readonly #state: Record<string, unknown>
  readonly #settings: Settings & { identity: Identity; hosting: Hosting; wheel: TimerWheel }
  readonly #running: Running[] = []
  #whenIdle: Deferred<void> | undefined
  #closing = false

  constructor(app: EventApp, state: Record<string, unknown>, settings: Settings) {
    this.#app = app
    this.#state = state
    this.identity = makeIdentity(settings.serverHeader, settings.dateHeader)
    const hosting = hostingOf(settings)
    const { identity, wheel } = this
    this.#settings = { ...settings, identity, hosting, wheel }
  }

  /** Serves one request on `transport`; the engine reports to what is returned. */
  http(head: RequestHead, request: CycleRequest, transport: HttpTransport): HttpEvents {
    try {
      this.#admit()
      const settings = this.#settings
      const connection = this.#connection()
      const scope = httpScope(head, this.#state, settings, connection)
      const cycle = new HttpRun(this.#app, scope, { transport, request, context: connection, settings })
      this.#start(cycle)
      return cycle
    } catch (error) {
      if (!(error instanceof PeerError || error instanceof ServiceError)) throw error
      this.#settings.log.info({ method: head.method, status: error.status }, error.message)
      for (const part of refusal(error.status, this.identity, request)) transport.write(part)
      return NOBODY
    }
  }

  /** Serves one WebSocket whose handshake is valid; null when it was denied at once. */
  websocket(
    head: RequestHead,
    subprotocols: string[],
    transport: WebSocketTransport,
  ): WebSocketRun | null {
    try {
      this.#admit()
      const settings = this.#settings
      const connection = this.#connection()
      const handshake = httpScope(head, this.#state, settings, connection)
      const scope = websocketScope(handshake, subprotocols)
      const cycle = new WebSocketRun(this.#app, scope, { transport, context: connection, settings })
      this.#start(cycle)
      return cycle
    } catch (error) {
      if (!(error instanceof PeerError || error instanceof ServiceError)) throw error
      this.#settings.log.info({ websocket: true, status: error.status }, error.message)
      const facts = { ...head, acceptsTrailers: false }
      for (const part of refusal(error.status, this.identity, facts)) transport.deny(part)
      return null
    }
  }

  /** Tells everything that is running; what comes later is refused with 503. */
  shutdown(): void {
    this.#closing = true
    // A copy: who is told may end at once.
    for (const running of this.#running.slice()) running.shutdown()
  }

  /** Resolves when nothing is running. */
  idle(): Promise<void> {
    if (this.#running.length === 0) return Promise.resolve()
    this.#whenIdle ??= deferred()
    return this.#whenIdle.promise
  }

  #admit(): void {
    if (this.#closing) throw new UnavailableError('the server is shutting down')
    if (this.#running.length < this.#settings.maxConcurrency) return
    throw new UnavailableError(`maxConcurrency of ${this.#settings.maxConcurrency} is reached`)
  }

  #connection(): ServerExchangeContext {
    return new ServerExchangeContext(this.#settings.log, this.#settings.hosting)
  }

  #start(running: Running): void {
    running.slot = this.#running.push(running) - 1
    running.run(this.#onEnd)
  }

  // The last one takes the place of the one that has ended: cheaper than a Set.
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
