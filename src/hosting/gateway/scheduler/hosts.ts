// The hosts of a pool, and the choice between them.

import type { Host } from './host.ts'
import type { ScheduledRequest } from './host-port.ts'

/** The hosts of a pool by their phase. */
export interface HostCounts {
  /** They load the app. */
  loading: number
  /** They take requests. */
  ready: number
  /** They finish their last request, and then end. */
  retiring: number
  /** They were told to end and are not gone: code of the system cannot be interrupted. They count for `max`. */
  ending: number
  /** The host beyond `max` that waits with its app loaded: 1 for a minute after a request has ended its host. */
  spare: number
}

/** A set of hosts. A host that was told to end leaves the set at once. */
export class Hosts<Request extends ScheduledRequest> {
  readonly #set = new Set<Host<Request>>()

  get size(): number {
    return this.#set.size
  }

  [Symbol.iterator](): Iterator<Host<Request>> {
    return this.#set.values()
  }

  add(host: Host<Request>): void {
    this.#set.add(host)
  }

  has(host: Host<Request>): boolean {
    return this.#set.has(host)
  }

  delete(host: Host<Request>): void {
    this.#set.delete(host)
  }

  /** The idle host that was busy last. The other idle hosts stay idle, so that a pool can end those that it does not need. */
  freshest(now: number): Host<Request> | undefined {
    let freshest: Host<Request> | undefined
    for (const host of this.#set) {
      if (!host.isFree(now)) continue
      if (!freshest || host.turnSince > freshest.turnSince) freshest = host
    }
    return freshest
  }

  /** The host with the fewest requests among those that may get requests ahead of time. */
  quickest(now: number): Host<Request> | undefined {
    let quickest: Host<Request> | undefined
    for (const host of this.#set) {
      if (!host.hasRoomAhead(now)) continue
      if (!quickest || host.load < quickest.load) quickest = host
    }
    return quickest
  }

  /** The host that has the request with this `id`. */
  withRequest(id: number): Host<Request> | undefined {
    for (const host of this.#set) if (host.find(id)) return host
    return undefined
  }

  /** Takes back one request that a busy host has ahead of time. The requests after it that are over leave the host too. */
  takeOneAhead(now: number): Request | undefined {
    for (const host of this.#set) {
      // Requests that run side by side begin at once, unless the event loop stands still.
      if (host.pace.isSideBySide && !host.isAway(now)) continue
      while (host.load > 1) {
        const [request] = host.takeBack(1)
        if (!request) break
        if (!request.isOver) return request
      }
    }
    return undefined
  }

  /** The ids of the requests that hold the hosts; null if a host is free, loads, or is not held by its requests. */
  currentIds(): number[] | null {
    const ids: number[] = []
    for (const { phase, current, pace } of this.#set) {
      if (phase === 'loading' || !current || !pace.holdsSlots) return null
      ids.push(current.id)
    }
    return ids
  }

  /** The hosts that do not count for the most hosts, because they take no further request. */
  get leaving(): number {
    let count = 0
    for (const { isLeaving } of this.#set) if (isLeaving) count += 1
    return count
  }

  /** The number of WebSockets that hold a host, or will when their turn comes, and whose end is not near. */
  get lasting(): number {
    let count = 0
    for (const { lasting } of this.#set) count += lasting
    return count
  }

  /** Whether a host has a request, or loads. */
  get isBusy(): boolean {
    for (const { load, phase } of this.#set) if (load > 0 || phase === 'loading') return true
    return false
  }

  get counts(): HostCounts {
    const counts: HostCounts = { loading: 0, ready: 0, retiring: 0, ending: 0, spare: 0 }
    for (const { phase } of this.#set) if (phase !== 'ended') counts[phase] += 1
    return counts
  }
}
