// The scheduler of a pool: it decides which host gets which request, how many hosts there are, and what happens when a
// host ends. It takes events with their time and gives orders. It has no clock, no timer and no worker of its own, so
// any kind of host can use it, and a test needs no threads.

import { findingOf, LOAD_TIMEOUT_MS } from './host-finding.ts'
import { LoadCounters } from './load-stats.ts'
import {
  holderIsOver,
  loadTimedOut,
  poolClosed,
  replaced,
  requestTimedOut,
  wouldDeadlock,
} from './pool-errors.ts'
import { Population } from './population.ts'
import { WaitingRoom } from './waiting-room.ts'
import type { SchedulerCommands, SchedulerLimits } from './commands.ts'
import type { HostEnd } from './host-end.ts'
import type { Host, RetirementReason } from './host.ts'
import type { ScheduledRequest } from './host-port.ts'
import type { HostCounts, Hosts } from './hosts.ts'
import type { LoadStats } from './load-stats.ts'
import type { HeldSlot, SlotPool } from './slots.ts'
import type { WaitGraph } from './wait-graph.ts'

/** `now` is always a time in ms by one clock that never goes back. */
export class Scheduler<Request extends ScheduledRequest> implements SlotPool {
  readonly #limits: SchedulerLimits
  readonly #commands: SchedulerCommands<Request>
  readonly #waits: WaitGraph
  /** The hosts from their start to their end. The shell asks for a reload here. */
  readonly population: Population<Request>
  readonly #hosts: Hosts<Request>
  readonly #queue: WaitingRoom<Request>
  readonly #counters = new LoadCounters<Request>()
  #isClosed = false

  /** @param waits the graph that all pools of the process share */
  constructor(limits: SchedulerLimits, commands: SchedulerCommands<Request>, waits: WaitGraph) {
    this.#limits = limits
    this.#commands = commands
    this.#waits = waits
    this.#queue = new WaitingRoom(limits)
    this.population = new Population(limits, commands)
    this.#hosts = this.population.hosts
  }

  /** Starts the first host. The others follow when it is ready: loading together is slower. */
  start(now: number): void {
    if (this.#hosts.size === 0) this.population.add(now)
  }

  /**
   * A request has arrived: it goes to a host, or waits, or fails. `held` are the slots that the code holds that makes
   * the request; the shell reports its end to {@link requestEnded} if there are any.
   */
  request(request: Request, held: readonly HeldSlot[], now: number): void {
    request.arrivedAt = now
    // Its client has left on the way to the pool.
    if (request.isOver) return
    if (this.#isClosed) request.fail(poolClosed())
    else if (request.holdsHost && !this.#queue.admits(request, this.#hosts.lasting)) return
    else if (held.length === 0) this.#place(request, now)
    else this.#placeHolder(request, held, now)
  }

  /** The error for a request that could not even wait. The shell asks before it reads a body, and fails the request. */
  refusal(now: number): Error | undefined {
    if (this.#isClosed) return poolClosed()
    const hasRoom = !this.#queue.hasNoRoom || this.population.hasRoom(now)
    return hasRoom ? undefined : this.#queue.refuse(this.#hosts.size)
  }

  /** A request that holds slots is over: it waits for this pool no longer. */
  requestEnded(request: Request): void {
    this.#waits.end(request)
  }

  /** A host has loaded the app, whose requests run side by side or in turn. */
  hostLoaded(host: Host<Request>, isSideBySide: boolean, now: number): void {
    if (host.phase !== 'loading') return
    if (this.population.loaded(host, isSideBySide, now)) this.#serve(host, now)
    this.#grow(now)
  }

  /** A host could not load the app. */
  hostFailedToLoad(host: Host<Request>, error: Error, now: number): void {
    if (host.phase === 'ended') return
    this.#end(host, { reason: 'loadFailed', error }, now)
    this.population.cannotLoad(error, now)
    this.#failHopeless()
    this.#grow(now)
  }

  /** A host has finished the request with this `id`, after `tookMs` ms of its own time. */
  requestDone(host: Host<Request>, id: number, tookMs: number, now: number): void {
    const done = host.finish(id, tookMs, now)
    // The requests of a host that was ended have failed. A nested request that ends last makes its host free.
    if (host.phase === 'ended' || (!done && host.load > 0)) return
    if (done) this.#counters.completed(done.arrivedAt, tookMs, now)
    this.population.recovered()
    if (host.retirement) this.#endIfRetired(host, now)
    else if (host.isWorn) this.#retire(host, 'worn', now)
    else if (this.population.isDue(host)) this.#retire(host, 'maxRequests', now)
    else this.#serve(host, now)
  }

  /** A host gives a request back that it has not begun: another request takes long there. */
  requestGivenBack(host: Host<Request>, id: number, now: number): void {
    const request = host.giveBack(id)
    if (!request || host.phase === 'ended') return
    this.#queue.putBack([request])
    this.#handOut(now)
  }

  /** Requests have left too many timers or sockets open in a host. */
  hostWorn(host: Host<Request>, now: number): void {
    if (host.phase === 'ended') return
    host.isWorn = true
    if (host.load === 0) this.#retire(host, 'worn', now)
  }

  /** The shell has inspected a host that exceeded the time limit; `sample` describes the place. */
  hostInspected(host: Host<Request>, sample: string | undefined, now: number): void {
    host.isInspected = false
    // The host has gone on meanwhile, or is gone.
    if (host.phase === 'ended' || host.heldMs(now) < this.#limits.timeoutMs) return

    const isIdle = host.load === 0
    this.#makeWay(host, 0, now)
    const late = host.pace.slots > 1 ? now - this.#limits.timeoutMs : Infinity
    this.#counters.timedOut += host.failAll(requestTimedOut(this.#limits), late)
    host.lateEnd = { reason: 'timedOut', isIdle, sample }
    this.#retire(host, 'timedOut', now)
  }

  /** A host is gone. `crash` is the error for the requests that it ran; undefined after `endHost()`. */
  hostGone(host: Host<Request>, crash: Error | undefined, now: number): void {
    const { phase } = host
    this.#leave(host, now)
    this.population.gone(host)
    if (this.#isClosed) return void host.failAll(poolClosed())
    this.#queue.putBack(host.takeBack(Infinity))
    if (crash) {
      this.#counters.crashes += 1
      if (phase === 'loading') this.population.cannotLoad(crash, now)
      else if (host.hasWorked(now)) this.population.crashed(now)
      else this.population.diedEarly(crash, now)
      host.failAll(crash)
      this.#failHopeless()
    }
    this.#handOut(now)
  }

  /** Time has passed. The shell calls this about every 50 ms. */
  tick(now: number): void {
    for (const host of this.population.all()) this.#check(host, now)
    this.#queue.endLongWaits(now)
    this.#handOut(now)
    this.population.keepSpare(now)
    this.#replaceStale(now)
    // A request that waits keeps the process; idle hosts do not.
    if (this.#queue.length === 0 && !this.#hosts.isBusy) this.#commands.releaseProcess()
  }

  /** Ends all hosts, even if they run code. Their requests fail when they are gone. */
  close(): void {
    this.#isClosed = true
    this.#queue.failAll(poolClosed())
    for (const host of this.population.all()) this.#commands.endHost(host, { reason: 'closed' })
  }

  holders(): number[] | null {
    return this.population.mayGainHost ? null : this.#hosts.currentIds()
  }

  get hosts(): HostCounts {
    return this.population.counts
  }

  stats(now: number): LoadStats {
    return this.#counters.stats(this.#hosts, this.#queue, now)
  }

  #placeHolder(request: Request, held: readonly HeldSlot[], now: number): void {
    const own = held.findLast(({ pool }) => pool === this)
    if (own) return this.#nest(request, own.requestId)
    if (!this.#waits.begin(request, this, held))
      return request.fail(wouldDeadlock(this.#limits.hostName))
    this.#place(request, now)
  }

  // A nested request never waits for a second slot: all other slots may be held by requests that wait in the same way.
  #nest(request: Request, holder: number): void {
    const host = this.#hosts.withRequest(holder)
    if (host) return host.assignNested(request, holder)
    request.fail(holderIsOver())
  }

  #place(request: Request, now: number): void {
    this.#commands.keepProcess()
    const host = this.#hosts.freshest(now) ?? this.#hosts.quickest(now)
    if (host && this.#queue.length === 0) return host.assign(request, now)
    this.#queue.push(request)
    // The host has become free without a message. The requests that wait go first.
    if (host) this.#serve(host, now)
    this.#grow(now)
    this.#queue.bound(this.#hosts.size, this.hosts.loading)
  }

  // A free host gets requests from the queue, else one that another host has ahead of time.
  #serve(host: Host<Request>, now: number): void {
    while (host.hasRoom(now)) {
      const request =
        this.#queue.next() ?? (host.load === 0 ? this.#hosts.takeOneAhead(now) : undefined)
      if (!request) return
      host.assign(request, now)
    }
  }

  #handOut(now: number): void {
    while (this.#queue.length > 0) {
      const host = this.#hosts.freshest(now) ?? this.#hosts.quickest(now)
      if (!host) break
      this.#serve(host, now)
    }
    this.#grow(now)
  }

  #check(host: Host<Request>, now: number): void {
    switch (findingOf(host, this.#limits, now)) {
      case 'late':
        return this.hostFailedToLoad(host, loadTimedOut(LOAD_TIMEOUT_MS), now)
      case 'stuck':
        host.isInspected = true
        return this.#commands.inspectHost(host)
      case 'slow':
        return this.#makeWay(host, 1, now)
      case 'unused':
        return this.#hosts.size > this.#limits.min ? this.#retire(host, 'idle', now) : undefined
      case 'overdue':
        host.failAll(replaced(this.#limits.hostName))
        return this.#end(host, { reason: 'maxRequests' }, now)
      case 'fine':
    }
  }

  // Takes back the requests of a slow host, except the first `kept`. The next one in turn leaves the host only if
  // another host is idle: the slow host may merely not have been scheduled by the system for a while.
  #makeWay(host: Host<Request>, kept: number, now: number): void {
    const most = this.#hosts.freshest(now) ? host.load : host.load - kept
    this.#queue.putBack(host.takeBack(most))
  }

  #retire(host: Host<Request>, reason: RetirementReason, now: number): void {
    host.phase = 'retiring'
    host.retirement = reason
    host.retiringSince = now
    this.#queue.putBack(host.takeBack(Infinity))
    if (host.isLeaving) host.warnAll()
    this.#endIfRetired(host, now)
  }

  // The new host has loaded its app, and takes the place of an old one.
  #replaceStale(now: number): void {
    const stale = this.population.nextToReplace()
    if (stale) this.#retire(stale, 'reload', now)
  }

  #endIfRetired(host: Host<Request>, now: number): void {
    const { retirement: reason, load, lateEnd } = host
    // The thread of a late request does not come back. The requests in the other threads of its host may end.
    if (lateEnd && !host.isAnyOpen) this.#end(host, lateEnd, now)
    else if (reason && reason !== 'timedOut' && load === 0) this.#end(host, { reason }, now)
    this.#handOut(now)
  }

  #end(host: Host<Request>, end: HostEnd, now: number): void {
    this.#leave(host, now)
    this.population.end(host, end)
  }

  #leave(host: Host<Request>, now: number): void {
    if (this.#hosts.has(host)) this.#counters.ended(host, now)
  }

  #grow(now: number): void {
    while (!this.#isClosed && this.population.wantsMore(this.#queue.length, now)) {
      this.#commands.keepProcess()
      const host = this.population.add(now)
      if (host) this.#serve(host, now)
    }
    this.#failHopeless()
  }

  #failHopeless(): void {
    const error = this.population.hopeless
    if (error) this.#queue.failAll(error)
  }
}
