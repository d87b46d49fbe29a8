// Runs a sync app for a gateway: one request at a time. The host blocks when the app blocks.

import { AsyncResource } from 'node:async_hooks'
import { UnavailableError } from '../../errors.ts'
import { BlockingSocket } from './blocking-socket.ts'
import { hostedLog } from './exchange-context.ts'
import { handshakeOf } from './handshake.ts'
import { ThreadRequest } from './request.ts'
import { LeakWatch } from './leak-watch.ts'
import { openCalls } from './call-stack.ts'
import { HostState } from './host-state.ts'
import type { ToClient } from '../../channels/link/messages.ts'
import type { SyncApp } from '../../contract/environ.ts'
import type { Log } from '../../contract/log.ts'
import type { GatewayLink, Wires } from './gateway-link.ts'
import type { HostChannels } from './host-channels.ts'
import type { HostSettings } from './request.ts'
import type { LinkMessage, OpenMessage, RequestMessage, ToHost } from '../protocol/messages.ts'

const MAX_TURN_MS = 10

/** A host. It gets messages by {@link take}; while the app blocks it takes them from the link itself. */
export class SyncHost {
  readonly #app: SyncApp
  readonly #settings: HostSettings
  readonly #wires: Wires
  readonly #log: Log
  // In the order of arrival, which is the order of the claims. A request that was taken back may arrive a second time.
  readonly #turns: ThreadRequest[] = []
  readonly #nested = new Map<number, ThreadRequest>()
  // Nested requests that have not begun.
  readonly #waiting: ThreadRequest[] = []
  #isPassing = false
  readonly #leaks = new LeakWatch()
  // A nested request begins inside another request, and must not see the context of that one.
  readonly #ownContext = new AsyncResource('isthmus.SyncHost')
  #running: ThreadRequest | undefined
  #routed = 0
  #isStopping = false
  readonly #state = new HostState()
  readonly #channels: HostChannels
  // The events of channels that came while a request ran: code of the app would get them in the middle of a blocking call.
  #heldEvents: Array<LinkMessage<ToClient>> = []

  constructor(app: SyncApp, link: GatewayLink, settings: HostSettings, channels: HostChannels) {
    this.#app = app
    this.#channels = channels
    this.#settings = settings
    this.#log = hostedLog(link)
    this.#wires = {
      link,
      poll: () => this.#route(link.arrived()),
      block: () => this.#block(() => link.wait()),
      blockForClient: (mostMs) => this.#block(() => link.waitForClient(mostMs)),
      step: () => link.step(),
    }
    // Between requests the event loop takes the messages, and runs the requests among them.
    channels.pollWith(() => this.#running && this.#wires.poll())
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
      if (this.#isStopping) break
      if (performance.now() - since < MAX_TURN_MS) continue
      // The event loop of the thread turns under any load, for a logger that flushes, for example.
      return void setImmediate(() => this.#runAll())
    }
    if (this.#isStopping) return this.#wires.link.end()
    this.#checkLeaks()
  }

  #checkLeaks(): void {
    const left = this.#leaks.look()
    if (!left) return
    this.#wires.link.post({ type: 'worn', left })
    this.#wires.link.flush()
  }

  #run(request: ThreadRequest): void {
    // A message that has arrived may cancel this request.
    this.#running = request
    this.#wires.poll()
    if (this.#wires.link.claim()) request.run()
    this.#running = undefined
    this.#giveEvents()
  }

  #giveEvents(): void {
    const events = this.#heldEvents
    if (events.length === 0) return
    this.#heldEvents = []
    for (const event of events) this.#channels.take(event)
  }

  // The caller looks after each return whether its message has arrived, and blocks again if not.
  #block(wait: () => ToHost[]): void {
    const routed = this.#routed
    // All calls pass bodies on, also those that a nested request runs inside of: it may read the body that they pass.
    const passed = this.#passBodies()
    // Passing takes messages too. A wait for a message that was just taken would last for ever.
    if (this.#routed === routed && !passed) this.#route(wait())
  }

  // Nested requests begin afterwards: inside a call that passes a body on, they would wait for that same call.
  #passBodies(): boolean {
    const outer = this.#isPassing
    this.#isPassing = true
    const passed = openCalls().map((call) => call.passBody())
    this.#isPassing = outer
    this.#runWaiting()
    return passed.includes(true)
  }

  #route(messages: ToHost[]): void {
    this.#routed += messages.length
    for (const message of messages) this.#routeOne(message)
    // All messages are routed first: a nested request may wait for a message that comes after it.
    this.#runWaiting()
  }

  #routeOne(message: ToHost): void {
    switch (message.type) {
      case 'request':
        if (message.nestedIn === null) this.#turns.push(this.#received(message))
        else this.#waiting.push(this.#receivedNested(message, message.nestedIn))
        return
      case 'open':
        return void this.#turns.push(this.#opened(message))
      case 'state':
        return this.#state.update(message)
      case 'channels':
        return this.#channels.update(message)
      case 'link':
        return this.#linked(message)
      case 'stop':
        this.#isStopping = true
        return
      default:
        this.#find(message.id)?.take(message)
    }
  }

  #linked(message: LinkMessage<ToClient>): void {
    if (this.#running && message.message.type !== 'accepted') this.#heldEvents.push(message)
    else this.#channels.take(message)
  }

  // A nested request runs in the slot of a request that waits for an answer, so it has no claim.
  #runWaiting(): void {
    while (!this.#isPassing) {
      const request = this.#waiting.shift()
      if (!request) return
      this.#ownContext.runInAsyncScope(() => request.run())
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

  #opened(message: OpenMessage): ThreadRequest {
    const socket = new BlockingSocket(message, this.#wires)
    return this.#received(handshakeOf(message), socket)
  }

  #received(message: RequestMessage, socket?: BlockingSocket): ThreadRequest {
    return new ThreadRequest(message, {
      app: this.#app,
      state: this.#state.values,
      channels: this.#channels.current,
      wires: this.#wires,
      log: this.#log,
      settings: this.#settings,
      socket,
    })
  }

  // A search in a short list: a Map that is filled and emptied all the time costs more, and its old tables keep their
  // entries alive until the next full collection.
  #find(id: number): ThreadRequest | undefined {
    if (this.#nested.size > 0 && this.#nested.has(id)) return this.#nested.get(id)
    const waiting = this.#turns.findLast((request) => request.id === id)
    return waiting ?? (this.#running?.id === id ? this.#running : undefined)
  }
}
