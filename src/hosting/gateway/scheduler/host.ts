// One host of a pool in the eyes of the scheduler: its phase, its requests, and how fast it works.

import { Assignments } from './assignments.ts'
import type { Assigned } from './assignments.ts'
import type { HostPort, ScheduledRequest } from './host-port.ts'

/**
 * - `loading`: the host loads the app
 * - `spare`: it has loaded the app, and waits for the place of another host
 * - `ready`: it takes requests
 * - `retiring`: it finishes the request that it runs, and takes no other
 * - `ended`: it is gone, or was told to end. Its messages have no effect any more
 */
type HostPhase = 'loading' | 'spare' | 'ready' | 'retiring' | 'ended'

/** A host that runs one request for longer than this is slow: other requests do not wait for it if they can choose. */
export const SLOW_MS = 5

/** A host whose requests take less than this may get requests ahead of time: a wake-up for each one would take longer. */
const QUICK_MS = 0.2
const MAX_AHEAD_MS = 2
const MAX_AHEAD = 32

/** A host that was ready for this long has loaded a module that works, also if no request came. */
const PROVEN_MS = 1_000

const WEIGHT_OF_LAST = 0.2

/** A host runs requests in the order in which they were assigned. */
export class Host<Request extends ScheduledRequest> {
  phase: HostPhase = 'loading'
  /** Requests have left too many timers or sockets open: the host is replaced when it is idle. */
  isWorn = false
  /** The way to the host. The scheduler sets it right after the start. */
  port!: HostPort<Request>
  /** The number of requests that the host has finished. */
  served = 0
  /** The time that finished requests had the host to themselves, in ms. */
  busyMs = 0
  /** A moving average of the time that a request has the host to itself, in ms; Infinity before the first request. */
  averageMs: number = Infinity
  /** The time at which the current request got its turn; of an idle host the time since which it is idle. */
  turnSince: number
  /** The time at which the host became ready. */
  readySince: number
  readonly #assigned = new Assignments<Request>()

  constructor(now: number) {
    this.turnSince = now
    this.readySince = now
  }

  /** The number of requests that the host has; the current one and nested ones count. */
  get load(): number {
    return this.#assigned.size
  }

  /** The request that the host runs. */
  get current(): Request | undefined {
    return this.#assigned.first
  }

  /** Whether the host is ready and its transport has room. */
  get isOpen(): boolean {
    return this.phase === 'ready' && !this.port.isFull(this.#assigned.nextTurn)
  }

  /** Whether the rest of an old request keeps the host busy: the host has not even passed requests that were taken back. */
  isAway(now: number): boolean {
    return this.port.reached < this.#assigned.takenBackTo && now - this.turnSince >= SLOW_MS
  }

  /** Whether the host was of use after it had loaded: a request has begun there, or it was ready for a second. */
  hasWorked(now: number): boolean {
    return this.served > 0 || this.load > 0 || now - this.readySince >= PROVEN_MS
  }

  /** Whether the host may get one more request: it is idle, or quick. */
  hasRoom(now: number): boolean {
    return this.isOpen && (this.load === 0 || this.hasRoomAhead(now))
  }

  /** Whether the requests of the host are so quick that it may get one more before it asks. */
  hasRoomAhead(now: number): boolean {
    if (this.averageMs > QUICK_MS || this.isAway(now)) return false
    if (this.load > 0 && now - this.turnSince > SLOW_MS) return false
    return this.load < Math.min(MAX_AHEAD, MAX_AHEAD_MS / this.averageMs)
  }

  find(id: number): Request | undefined {
    return this.#assigned.find(id)
  }

  assign(request: Request, now: number): void {
    if (this.load === 0) this.turnSince = now
    this.port.assign(request, this.#assigned.add(request))
  }

  /** Runs `request` at once, in the slot of the request `holder`, which waits for the answer to a call. */
  assignNested(request: Request, holder: number): void {
    this.#assigned.addNested(request)
    this.port.assignNested(request, holder)
  }

  /** Takes back the last requests that the host has not begun, at most `most`, in their order. */
  takeBack(most: number): Request[] {
    return this.#assigned.takeBack(most, this.port)
  }

  /** The request with this `id` is over. Returns undefined if it was nested or is unknown: no slot became free. */
  finish(id: number, tookMs: number, now: number): Request | undefined {
    const done: Assigned<Request> | undefined = this.#assigned.remove(id)
    if (!done || done.turn === null) return undefined
    this.served += 1
    this.busyMs += tookMs
    this.turnSince = now
    this.averageMs =
      this.averageMs === Infinity
        ? tookMs
        : this.averageMs * (1 - WEIGHT_OF_LAST) + tookMs * WEIGHT_OF_LAST
    return done.request
  }

  /** Fails every request that the host still has; returns how many were not over yet. */
  failAll(error: Error): number {
    return this.#assigned.failAll(error)
  }
}
