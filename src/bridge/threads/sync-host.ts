// Runs a sync app for a gateway: one request at a time, blocking where the app blocks.

import { HostedRequest } from './hosted-request.ts'
import type { SyncApp } from '../../contract/environ.ts'
import type { GatewayLink } from './gateway-link.ts'
import type { HostSettings } from './hosted-request.ts'
import type { RequestMessage, ToHost } from './messages.ts'

/** A host: give it what arrives. While an app blocks it takes what arrives by itself. */
export class SyncHost {
  readonly #app: SyncApp
  readonly #link: GatewayLink
  readonly #settings: HostSettings
  readonly #requests = new Map<number, HostedRequest>()
  readonly #nested = new Map<number, HostedRequest>()
  #state: Readonly<Record<string, unknown>> = {}
  #busy = false

  constructor(app: SyncApp, link: GatewayLink, settings: HostSettings) {
    this.#app = app
    this.#link = link
    this.#settings = settings
  }

  /** Takes messages, and runs the requests among them to their end. */
  take(messages: ToHost[]): void {
    this.#route(messages)
    if (this.#busy) return
    this.#busy = true
    // A Map is iterated in the order of insertion, what is inserted meanwhile included.
    for (const request of this.#requests.values()) this.#run(request)
    this.#busy = false
  }

  #run(request: HostedRequest): void {
    this.#route(this.#link.arrived())
    if (this.#link.claim()) request.run(this.#app, { ...this.#state })
    this.#requests.delete(request.id)
  }

  #route(messages: ToHost[]): void {
    const nested: HostedRequest[] = []
    for (const message of messages) {
      if (message.type === 'state') this.#state = message.state
      else if (message.type === 'request') this.#receive(message, nested)
      else this.#find(message.id)?.take(message)
    }
    // All is routed first: what a nested request waits for may stand behind it.
    for (const request of nested) this.#runNested(request)
  }

  #receive(message: RequestMessage, nested: HostedRequest[]): void {
    const request = this.#received(message)
    if (message.nestedIn === null) return void this.#requests.set(message.id, request)
    this.#nested.set(message.id, request)
    nested.push(request)
  }

  #find(id: number): HostedRequest | undefined {
    return this.#requests.get(id) ?? this.#nested.get(id)
  }

  // In the slot of a request that waits for an answer: nobody else may have it, so there is nothing to claim.
  #runNested(request: HostedRequest): void {
    request.run(this.#app, { ...this.#state })
    this.#nested.delete(request.id)
  }

  #received(message: RequestMessage): HostedRequest {
    const wires = {
      link: this.#link,
      poll: () => this.#route(this.#link.arrived()),
      block: () => this.#route(this.#link.wait()),
    }
    return new HostedRequest(message, wires, this.#settings)
  }
}
