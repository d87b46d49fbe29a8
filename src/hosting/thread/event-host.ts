// Runs an app that awaits for a gateway: many requests and WebSockets at the same time.

import { ServerShutdownError } from '../../errors.ts'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { IdTable } from '../protocol/id-table.ts'
import { NO_EXTENSIONS } from '../protocol/scope-data.ts'
import { EventRequest } from './event-request.ts'
import { EventSocket } from './event-socket.ts'
import { HostState } from './host-state.ts'
import { LeakWatch } from './leak-watch.ts'
import type { Lifespan } from '../../async/lifespan.ts'
import type { Channels } from '../../contract/channels.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { Extensions, OpenMessage, RequestMessage, ToHost } from '../protocol/messages.ts'
import type { EventExchange, Hosted } from './event-exchange.ts'
import type { EventLink } from './event-link.ts'
import type { HostChannels } from './host-channels.ts'

/** The time that requests may take to begin before the event loop turns, in ms. */
const MAX_TURN_MS = 1
/** The requests that still run have this long to end before the lifespan does, in ms. */
const GRACE_MS = 5_000

/** The parts that a host is made of. */
interface HostParts extends Pick<Hosted, 'app' | 'link' | 'log'> {
  hostChannels: HostChannels
}

/** A host. The lifespan of its app has started. */
export class EventHost implements Hosted {
  readonly app: EventApp
  readonly link: EventLink
  readonly log: Log
  readonly extensions: { http: Extensions; websocket: Extensions } = {
    http: NO_EXTENSIONS,
    websocket: NO_EXTENSIONS,
  }
  readonly #lifespan: Lifespan
  readonly #state = new HostState()
  readonly #hostChannels: HostChannels
  readonly #leaks = new LeakWatch()
  // In the order of arrival, which is the order of the claims. A request that was taken back may arrive a second time.
  readonly #arrived: EventExchange[] = []
  readonly #open = new IdTable<EventExchange>()
  #onIdle: (() => void) | undefined
  #isBeginning = false

  constructor(lifespan: Lifespan, { app, link, log, hostChannels }: HostParts) {
    this.#lifespan = lifespan
    this.#hostChannels = hostChannels
    this.app = app
    this.link = link
    this.log = log
  }

  get channels(): Channels | undefined {
    return this.#hostChannels.current
  }

  newState(): Record<string, unknown> {
    return { ...this.#state.values, ...this.#lifespan.state }
  }

  take(messages: readonly ToHost[]): void {
    for (const message of messages) this.#route(message)
    if (!this.#isBeginning) this.#beginAll()
  }

  onEnd({ id }: EventExchange): void {
    this.#open.remove(id)
    if (this.#open.size > 0) return
    this.#onIdle?.()
    this.#checkLeaks()
  }

  #route(message: ToHost): void {
    switch (message.type) {
      case 'request':
        return void this.#arrived.push(this.#requested(message))
      case 'open':
        return void this.#arrived.push(this.#opened(message))
      case 'state':
        return this.#state.update(message)
      case 'channels':
        return this.#hostChannels.update(message)
      case 'link':
        return this.#hostChannels.take(message)
      case 'stop':
        return void this.#stop()
      // Only sync apps call apps on the event loop of the gateway.
      case 'answer':
        return
      default:
        this.#find(message.id)?.take(message)
    }
  }

  #requested(message: RequestMessage): EventRequest {
    if (message.extensions) this.extensions.http = message.extensions
    return new EventRequest(message, this)
  }

  #opened(message: OpenMessage): EventSocket {
    if (message.extensions) this.extensions.websocket = message.extensions
    return new EventSocket(message, this)
  }

  #find(id: number): EventExchange | undefined {
    return this.#open.find(id) ?? this.#arrived.findLast((exchange) => exchange.id === id)
  }

  // The gateway takes requests back that have not begun, so each one begins as late as possible.
  #beginAll(): void {
    this.#isBeginning = true
    const since = performance.now()
    let now = since
    for (let next = this.#arrived.shift(); next; next = this.#arrived.shift()) {
      this.#begin(next, now)
      if (this.#arrived.length === 0) break
      now = performance.now()
      this.link.breathe(now)
      if (now - since >= MAX_TURN_MS) return void setImmediate(() => this.#beginAll())
    }
    this.#isBeginning = false
    this.link.turned()
  }

  #begin(exchange: EventExchange, now: number): void {
    if (!this.link.claim()) return
    this.#open.add(exchange)
    exchange.run(now)
  }

  #checkLeaks(): void {
    const left = this.#leaks.look()
    if (left) this.link.post({ type: 'worn', left })
  }

  async #stop(): Promise<void> {
    for (const exchange of this.#open.items()) exchange.warn(new ServerShutdownError())
    if (this.#open.size > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
      await settlesWithin(idle, GRACE_MS)
    }
    await this.#lifespan.shutdown()
    this.link.end()
  }
}
