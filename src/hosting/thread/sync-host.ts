// Runs a sync app for a gateway: one request at a time, blocking where the app blocks.

import { UnavailableError } from '../../errors.ts'
import { hostedLog } from './exchange-context.ts'
import { ThreadRequest } from './request.ts'
import { Leftovers } from './leak-watch.ts'
import { openCalls } from './call-stack.ts'
import type { SyncApp } from '../../contract/environ.ts'
import type { Log } from '../../contract/log.ts'
import type { GatewayLink, Wires } from './gateway-link.ts'
import type { HostSettings } from './request.ts'
import type { RequestMessage, StateMessage, ToHost } from '../protocol/messages.ts'

const MAX_TURN_MS = 10

/** A host: give it what arrives. While an app blocks it takes what arrives by itself. */
export class SyncHost {
  readonly #app: SyncApp
  readonly #settings: HostSettings
  readonly #wires: Wires
  readonly #log: Log
  // In the order of arrival, which is that of the claims. One that was taken back may come a second time.
  readonly #turns: ThreadRequest[] = []
  readonly #nested = new Map<number, ThreadRequest>()
  // Nested ones that have not begun.
  readonly #waiting: ThreadRequest[] = []
  #passing = false
  readonly #leftovers = new Leftovers()
  #running: ThreadRequest | undefined
  #routed = 0
  #state: Readonly<Record<string, unknown>> = {}

  constructor(app: SyncApp, link: GatewayLink, settings: HostSettings) {
    this.#app = app
    this.#settings = settings
    this.#log = hostedLog(link)
    this.#wires = { link, poll: () => this.#route(link.arrived()), block: () => this.#block() }
  }

  /** Takes messages, and runs the requests among them to their end. */
  take(messages: ToHost[]): void {
    this.#route(messages)
    this.#runAll()
  }

  #runAll(): void {
    const since = performance.now()
    for (let request = this.#turns.shift(); request; request = this.#turns.shift()) {
      this.#run(request)
      if (performance.now() - since < MAX_TURN_MS) continue
      // What the app has left on the event loop, a logger that flushes, gets its turn under any load.
      return void setImmediate(() => this.#runAll())
    }
    this.#lookAround()
  }

  #lookAround(): void {
    const left = this.#leftovers.look()
    if (!left) return
    this.#wires.link.post({ type: 'worn', left })
    this.#wires.link.flush()
  }

  #run(request: ThreadRequest): void {
    // What has arrived may be for this one.
    this.#running = request
    this.#wires.poll()
    if (this.#wires.link.claim()) request.run()
    this.#running = undefined
  }

  // Whoever blocks looks again at what it waits for, then blocks again.
  #block(): void {
    const routed = this.#routed
    // Of all calls, also those that a nested request runs on top of: it may be reading the body that they pass on.
    const passed = this.#passBodies()
    // Passing takes what has arrived: to wait for that would be to wait for ever.
    if (this.#routed === routed && !passed) this.#route(this.#wires.link.wait())
  }

  // What is nested begins afterwards: inside of a call that is passing a body on it would wait for that very call.
  #passBodies(): boolean {
    const outer = this.#passing
    this.#passing = true
    const passed = openCalls().map((call) => call.passBody())
    this.#passing = outer
    this.#runWaiting()
    return passed.includes(true)
  }

  #route(messages: ToHost[]): void {
    this.#routed += messages.length
    for (const message of messages) {
      if (message.type === 'state') this.#update(message)
      else if (message.type !== 'request') this.#find(message.id)?.take(message)
      else if (message.nestedIn === null) this.#turns.push(this.#received(message))
      else this.#waiting.push(this.#receivedNested(message, message.nestedIn))
    }
    // All is routed first: what a nested request waits for may stand behind it.
    this.#runWaiting()
  }

  // In the slot of a request that waits for an answer: nobody else may have it, so there is nothing to claim.
  #runWaiting(): void {
    while (!this.#passing) {
      const request = this.#waiting.shift()
      if (!request) return
      request.run()
      this.#nested.delete(request.id)
    }
  }

  #receivedNested(message: RequestMessage, nestedIn: number): ThreadRequest {
    const request = this.#received(message)
    const isHeld = this.#running?.id === nestedIn || this.#nested.has(nestedIn)
    if (!isHeld) request.refuse(new UnavailableError('the request that made this call is over'))
    this.#nested.set(message.id, request)
    return request
  }

  #received(message: RequestMessage): ThreadRequest {
    return new ThreadRequest(message, {
      app: this.#app,
      state: this.#state,
      wires: this.#wires,
      log: this.#log,
      settings: this.#settings,
    })
  }

  // There are few at a time: a Map that is filled and emptied all the time costs more, and its old tables keep alive
  // what was in them until the next full collection.
  #find(id: number): ThreadRequest | undefined {
    if (this.#nested.size > 0 && this.#nested.has(id)) return this.#nested.get(id)
    const waiting = this.#turns.findLast((request) => request.id === id)
    return waiting ?? (this.#running?.id === id ? this.#running : undefined)
  }

  #update({ set, unset }: StateMessage): void {
    const gone = new Set(unset)
    const kept = Object.entries(this.#state).filter(([key]) => !gone.has(key))
    this.#state = { ...Object.fromEntries(kept), ...set }
  }
}
