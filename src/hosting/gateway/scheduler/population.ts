// The hosts of a pool from their start to their end: how many there may be, and when the next one may start.

import { CrashBackoff } from './crash-backoff.ts'
import { Host } from './host.ts'
import { Hosts } from './hosts.ts'
import { SideBySide } from './side-by-side.ts'
import { WarmSpare } from './warm-spare.ts'
import type { SchedulerCommands, SchedulerLimits } from './commands.ts'
import type { HostEnd } from './host-end.ts'
import type { ScheduledRequest } from './host-port.ts'
import type { HostCounts } from './hosts.ts'

/** Starts and ends hosts. A host that was told to end leaves {@link hosts} at once, and its place when it is gone. */
export class Population<Request extends ScheduledRequest> {
  readonly hosts: Hosts<Request> = new Hosts()
  readonly #limits: SchedulerLimits
  readonly #commands: SchedulerCommands<Request>
  readonly #ending = new Set<Host<Request>>()
  readonly #backoff = new CrashBackoff()
  readonly #spare = new WarmSpare<Request>()
  #loadError: Error | undefined
  // A host has retired for a reload, and the new one has not taken its place yet.
  #isReplacing = false

  constructor(limits: SchedulerLimits, commands: SchedulerCommands<Request>) {
    this.#limits = limits
    this.#commands = commands
  }

  get counts(): HostCounts {
    return { ...this.hosts.counts, ending: this.#ending.size, spare: this.#spare.host ? 1 : 0 }
  }

  /** Whether a place may become free although no request ends: a host is missing, or on its way out. */
  get mayGainHost(): boolean {
    return this.#places < this.#limits.max || this.#ending.size > 0
  }

  /** Whether a request would not have to wait for the end of another one: a host has room, or may start. */
  hasRoom(now: number): boolean {
    return (
      this.#places < this.#limits.max ||
      (this.hosts.freshest(now) ?? this.hosts.quickest(now)) !== undefined
    )
  }

  /** The error with which the app cannot be loaded; undefined if a host is there, or loads, that may take requests. */
  get hopeless(): Error | undefined {
    const { loading, ready, spare } = this.counts
    return loading + ready + spare > 0 ? undefined : this.#loadError
  }

  /** Whether one more host may start at the time `now`, and `waiting` requests need it. */
  wantsMore(waiting: number, now: number): boolean {
    const { min, max } = this.#limits
    if (this.#places + this.#ending.size >= max || this.#backoff.isPaused(now)) return false
    return this.#places < min || waiting > this.hosts.counts.loading || this.#isReplacing
  }

  /** Starts a host, or takes the spare one. Returns the host if it has loaded its app already. */
  add(now: number): Host<Request> | undefined {
    this.#isReplacing = false
    const spare = this.#spare.take()
    const host = spare ?? this.#start(now)
    if (!host) return undefined
    this.hosts.add(host)
    if (host.phase !== 'spare') return undefined
    this.#becomeReady(host, now)
    return host
  }

  /** Starts the spare host if there should be one, and ends it if not. Hosts that load at once slow each other down. */
  keepSpare(now: number): void {
    const spare = this.#spare
    const { isReloading } = this
    const isOld = isReloading ? spare.host?.isStale : spare.isSuperfluous(now)
    if (isOld && spare.host?.phase === 'spare') this.end(spare.host, { reason: 'idle' })
    const isMissing = isReloading ? !spare.host : spare.isMissing(now)
    if (!isMissing || this.#backoff.isPaused(now) || this.hosts.counts.loading > 0) return
    // An old spare host may be on its way out.
    if (this.hosts.size + this.#ending.size <= this.#limits.max) spare.host = this.#start(now)
  }

  /** Replaces all hosts, one after the other: an old one retires when a new one has loaded its app. */
  reload(): void {
    for (const host of this.all()) host.isStale = true
  }

  /** Whether a host is still to be replaced. */
  get isReloading(): boolean {
    return [...this.hosts].some(({ isStale }) => isStale)
  }

  /** The next host to replace, if the new one is there, and no other host retires. The new one takes its place. */
  nextToReplace(): Host<Request> | undefined {
    const { retiring } = this.hosts.counts
    if (retiring > this.hosts.leaving || this.#spare.host?.phase !== 'spare') return undefined
    const stale = [...this.hosts].find((host) => host.isStale && host.phase === 'ready')
    this.#isReplacing ||= stale !== undefined
    return stale
  }

  /** A host has loaded the app. Returns whether it may get requests. */
  loaded(host: Host<Request>, isSideBySide: boolean, now: number): boolean {
    this.#loadError = undefined
    if (isSideBySide) host.pace = new SideBySide(this.#limits.concurrency)
    if (host === this.#spare.host) host.phase = 'spare'
    else this.#becomeReady(host, now)
    return host.phase === 'ready'
  }

  /** Whether a host has served so many requests that it is replaced: one after the other, as there is one more meanwhile. */
  isDue({ served }: Host<Request>): boolean {
    return served >= this.#limits.maxRequests && this.hosts.leaving === 0
  }

  /** Orders the end of a host. */
  end(host: Host<Request>, end: HostEnd): void {
    this.#leave(host)
    this.#ending.add(host)
    this.#commands.endHost(host, end)
  }

  /** A host is gone. */
  gone(host: Host<Request>): void {
    this.#leave(host)
    this.#ending.delete(host)
  }

  /** The app could not be loaded. The hosts that have loaded it before stay. */
  cannotLoad(error: Error, now: number): void {
    for (const host of this.hosts) host.isStale = false
    this.#loadError = error
    this.#backoff.crashed(now)
    this.#commands.cannotLoad(error)
  }

  /** A host has ended before it was of any use. If that goes on, the app is as good as one that does not load. */
  diedEarly(error: Error, now: number): void {
    this.#backoff.crashed(now)
    if (this.#backoff.isPaused(now)) this.#loadError = error
  }

  /** A request, or the rest of one, has ended its host: the app works, and the next host needs no pause. */
  crashed(now: number): void {
    this.#spare.crashed(now)
  }

  /** A host has finished a request, so the app works. */
  recovered(): void {
    this.#backoff.recovered()
  }

  /** All hosts that were not told to end, the spare one included. */
  all(): Array<Host<Request>> {
    const { host } = this.#spare
    return host ? [...this.hosts, host] : [...this.hosts]
  }

  // The places that are taken. A host whose last requests run side by side may need long for them.
  get #places(): number {
    return this.hosts.size - this.hosts.leaving
  }

  // Returns undefined if the system has no host to give.
  #start(now: number): Host<Request> | undefined {
    const host = new Host<Request>(now, this.#limits.slots)
    try {
      host.port = this.#commands.startHost(host)
      return host
    } catch (error) {
      this.cannotLoad(error as Error, now)
      return undefined
    }
  }

  #becomeReady(host: Host<Request>, now: number): void {
    host.phase = 'ready'
    host.readySince = now
    host.turnSince = now
  }

  #leave(host: Host<Request>): void {
    this.hosts.delete(host)
    if (host === this.#spare.host) this.#spare.take()
    host.phase = 'ended'
  }
}
