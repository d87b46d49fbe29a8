// The requests that one host has, in the order in which it runs them.

import { IdTable } from '../../protocol/id-table.ts'
import type { HostPort, ScheduledRequest } from './host-port.ts'

/** One request of a host. */
export interface Assigned<Request> {
  readonly id: number
  request: Request
  /** The number of the request in the order of the host; null for a nested request, which has no turn of its own. */
  turn: number | null
  /** The time of the assignment, in ms. */
  since: number
}

/** An ordered list, and a table for a host that runs many requests side by side. */
export class Assignments<Request extends ScheduledRequest> {
  readonly #list: Array<Assigned<Request>> = []
  readonly #table = new IdTable<Assigned<Request>>()
  #nextTurn = 0
  #takenBackTo = 0
  #holding = 0

  get size(): number {
    return this.#list.length
  }

  /** The number of requests that do not wait for their client. */
  get active(): number {
    return this.#list.filter(({ request }) => !request.waitsForClient).length
  }

  /** The number of requests that hold the host for as long as their client stays. */
  get holding(): number {
    return this.#holding
  }

  /** The number of those that last: their end is not near. */
  get lasting(): number {
    if (this.#holding === 0) return 0
    return this.#list.filter(({ request }) => request.holdsHost && !request.isEnding).length
  }

  /** The request that the host runs, or will run first. */
  get first(): Request | undefined {
    return this.#list[0]?.request
  }

  /** The number that the next request gets. */
  get nextTurn(): number {
    return this.#nextTurn
  }

  /** The number after the last request that was taken back; 0 if none was. */
  get takenBackTo(): number {
    return this.#takenBackTo
  }

  /** The time at which the oldest request that is not over was assigned; Infinity if there is none. */
  get oldestSince(): number {
    return this.#list.find(({ request }) => !request.isOver)?.since ?? Infinity
  }

  /** Whether a request is not over. */
  get isAnyOpen(): boolean {
    return this.#list.some(({ request }) => !request.isOver)
  }

  /** Adds a request at the time `now`; returns its number. */
  add(request: Request, now: number): number {
    const turn = this.#nextTurn++
    this.#add({ id: request.id, request, turn, since: now })
    return turn
  }

  addNested(request: Request): void {
    this.#add({ id: request.id, request, turn: null, since: Infinity })
  }

  #add(assigned: Assigned<Request>): void {
    this.#list.push(assigned)
    this.#table.add(assigned)
    if (assigned.request.holdsHost) this.#holding += 1
  }

  find(id: number): Request | undefined {
    return this.#table.find(id)?.request
  }

  /** Removes the request with this `id`: the first one, unless nested requests run. */
  remove(id: number): Assigned<Request> | undefined {
    const assigned = this.#table.remove(id)
    if (!assigned) return undefined
    if (assigned.request.holdsHost) this.#holding -= 1
    if (this.#list[0] === assigned) this.#list.shift()
    else this.#list.splice(this.#list.indexOf(assigned), 1)
    return assigned
  }

  /** Takes back the requests that the host has not begun: at most `most`, the last ones, in their order. */
  takeBack(most: number, port: HostPort<Request>): Request[] {
    const taken: Request[] = []
    for (let index = this.#list.length - 1; index >= 0 && taken.length < most; index -= 1) {
      const { id, turn, request } = this.#list[index] as Assigned<Request>
      // A nested request runs already, or waits for the request that it is nested in.
      if (turn === null) continue
      if (!port.takeBack(turn)) break
      this.#takenBackTo = Math.max(this.#takenBackTo, turn + 1)
      this.#list.splice(index, 1)
      this.#table.remove(id)
      if (request.holdsHost) this.#holding -= 1
      taken.unshift(request)
    }
    return taken
  }

  /** Tells all requests that their host is about to end. */
  warnAll(): void {
    for (const { request } of this.#list) request.warn()
  }

  /** Fails the requests that were assigned at the time `until` or before; returns how many were not over yet. */
  failAll(error: Error, until: number): number {
    let failed = 0
    for (const { request, since } of this.#list) {
      if (request.isOver || since > until) continue
      failed += 1
      request.fail(error)
    }
    return failed
  }
}
