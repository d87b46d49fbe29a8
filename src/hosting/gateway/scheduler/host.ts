// One host of a pool in the eyes of the scheduler: its phase, its requests, and how fast it works.

import { Assignments } from './assignments.ts'
import { InTurn } from './in-turn.ts'
import type { Assigned } from './assignments.ts'
import type { HostEnd } from './host-end.ts'
import type { HostPort, ScheduledRequest } from './host-port.ts'
import type { Pace, PacedHost } from './pace.ts'

/**
 * - `loading`: the host loads the app
 * - `spare`: it has loaded the app, and waits for the place of another host
 * - `ready`: it takes requests
 * - `retiring`: it finishes the request that it runs, and takes no other
 * - `ended`: it is gone, or was told to end. Its messages have no effect any more
 */
type HostPhase = 'loading' | 'spare' | 'ready' | 'retiring' | 'ended'

/** The reason why a host ends before its pool does. */
export type RetirementReason = 'idle' | 'worn' | 'maxRequests' | 'reload' | 'timedOut'

/** A host that was ready for this long has loaded a module that works, also if no request came. */
const PROVEN_MS = 1_000

/** A host begins requests in the order in which they were assigned. */
export class Host<Request extends ScheduledRequest> implements PacedHost {
  phase: HostPhase = 'loading'
  /** Requests have left too many timers or sockets open: the host is replaced when it is idle. */
  isWorn = false
  /** The way to the host. The scheduler sets it right after the start. */
  port!: HostPort<Request>
  /** How the host works through its requests: known when it has loaded the app. */
  pace: Pace
  /** The number of requests that the host has finished. */
  served = 0
  /** The time in which the host had a request, in ms, until {@link turnSince}. */
  busyMs = 0
  /**
   * The time at which the current request got its turn, or since which requests run side by side; of an idle host the time
   * since which it is idle.
   */
  turnSince: number
  /** The time at which the host became ready. */
  readySince: number
  /** The shell finds out where the host is that exceeded the time limit. */
  isInspected = false
  /** Why the host takes no further request. */
  retirement: RetirementReason | undefined
  /** How the host ends after one of its requests took too long. */
  lateEnd: HostEnd | undefined
  /** The host is to be replaced by one that has loaded the app anew. */
  isStale = false
  /** The time at which the host began to retire. */
  retiringSince: number = Infinity
  readonly #assigned = new Assignments<Request>()

  /** @param slots the requests that the host runs at the same time if its app is a sync app */
  constructor(now: number, slots: number) {
    this.turnSince = now
    this.readySince = now
    this.pace = new InTurn(slots)
  }

  /** The number of requests that the host has; the current one and nested ones count. */
  get load(): number {
    return this.#assigned.size
  }

  /** The time at which the oldest request that is not over was assigned; Infinity if there is none. */
  get oldestSince(): number {
    return this.#assigned.oldestSince
  }

  /** Whether a request is not over. */
  get isAnyOpen(): boolean {
    return this.#assigned.isAnyOpen
  }

  /** The number of requests that do not wait for their client. */
  get active(): number {
    return this.#assigned.active
  }

  /** The number of WebSockets that hold the host, or will when their turn comes. */
  get holding(): number {
    return this.#assigned.holding
  }

  /** The number of those that last: their end is not near. */
  get lasting(): number {
    return this.#assigned.lasting
  }

  /** Whether a WebSocket holds the host, or will when its turn comes. */
  get isHeld(): boolean {
    return this.#assigned.holding > 0
  }

  /** The request that the host runs. */
  get current(): Request | undefined {
    return this.#assigned.first
  }

  /** Whether the host is ready and its transport has room. */
  get isOpen(): boolean {
    return this.phase === 'ready' && !this.port.isFull(this.#assigned.nextTurn)
  }

  /** The number after the last request that was taken back. */
  get takenBackTo(): number {
    return this.#assigned.takenBackTo
  }

  /** Whether the host retires with requests that may take long: another host may take its place at once. */
  get isLeaving(): boolean {
    return this.phase === 'retiring' && (this.pace.isSideBySide || this.isHeld)
  }

  /** Whether the host does not come to new requests, because the rest of an old one keeps it busy. */
  isAway(now: number): boolean {
    return this.pace.isAway(this, now)
  }

  /** How long the busy host has been at the same place, in ms. */
  heldMs(now: number): number {
    return this.pace.heldMs(this, now)
  }

  /** Whether the host was of use after it had loaded: a request has begun there, or it was ready for a second. */
  hasWorked(now: number): boolean {
    return this.served > 0 || this.load > 0 || now - this.readySince >= PROVEN_MS
  }

  /** Whether the host is idle, and comes to new requests. */
  isFree(now: number): boolean {
    return this.load === 0 && this.isOpen && !this.isAway(now)
  }

  /** Whether the host may get one more request. */
  hasRoom(now: number): boolean {
    return (this.load === 0 && this.isOpen) || this.hasRoomAhead(now)
  }

  /** Whether the host may get one more request although it has others. */
  hasRoomAhead(now: number): boolean {
    return this.isOpen && this.pace.hasRoomAhead(this, now)
  }

  find(id: number): Request | undefined {
    return this.#assigned.find(id)
  }

  assign(request: Request, now: number): void {
    if (this.load === 0) this.turnSince = now
    this.port.assign(request, this.#assigned.add(request, now))
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

  /** The host gives the request with this `id` back: it has not begun the request. */
  giveBack(id: number): Request | undefined {
    return this.#assigned.remove(id)?.request
  }

  /** The request with this `id` is over. Returns undefined if it was nested or is unknown: no slot became free. */
  finish(id: number, tookMs: number, now: number): Request | undefined {
    const done: Assigned<Request> | undefined = this.#assigned.remove(id)
    if (!done || done.turn === null) return undefined
    this.served += 1
    this.pace.finished(this, tookMs, now)
    return done.request
  }

  /** Tells every request that the host is about to end. */
  warnAll(): void {
    this.#assigned.warnAll()
  }

  /**
   * Fails the requests that the host still has, if they were assigned at the time `until` or before; returns how many were
   * not over yet.
   */
  failAll(error: Error, until: number = Infinity): number {
    return this.#assigned.failAll(error, until)
  }
}
