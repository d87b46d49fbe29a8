// A pool of hosts: the shell around the scheduler. It owns the threads or processes, the clock and the ticker, and carries
// out the orders of the scheduler.

import { performance } from 'node:perf_hooks'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { processWide } from '../../bridge/process-wide.ts'
import { fromErrorData } from '../protocol/error-data.ts'
import { Buffers } from './buffering/buffers.ts'
import { heldSlots } from './held-slots.ts'
import { inNeutralContext } from '../../waiting/neutral-context.ts'
import { OPEN_POOLS } from './open-pools.ts'
import { GatewayRequest } from './request.ts'
import { GatewaySocket } from './socket.ts'
import { poolClosed, wouldDeadlock } from './scheduler/pool-errors.ts'
import { Scheduler } from './scheduler/scheduler.ts'
import { WaitGraph } from './scheduler/wait-graph.ts'
import { timeoutLine } from './timeout-line.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Channels } from '../../contract/channels.ts'
import type { Log } from '../../contract/log.ts'
import type { LoadedMessage, LogMessage, Runs, WornMessage } from '../protocol/messages.ts'
import type { BufferingSettings } from './buffering/buffering-settings.ts'
import type { StoreBounds } from './buffering/byte-store.ts'
import type { PoolRequest } from './pool-request.ts'
import type { Load } from './pool-stats.ts'
import type { PoolExchange } from './request.ts'
import type { SocketExchange } from './socket.ts'
import type { SchedulerCommands, SchedulerLimits } from './scheduler/commands.ts'
import type { HostEnd } from './scheduler/host-end.ts'
import type { HeldSlot, SlotPool } from './scheduler/slots.ts'
import type { EndReason, HostEvents, HostKind, OwnedPort, PoolHost } from './host-kind.ts'

/** The completed options of a pool. */
export interface PoolSettings extends Omit<SchedulerLimits, 'hostName' | 'flags'> {
  kind: HostKind
  buffering: BufferingSettings
  /** Whether requests that run side by side stream. */
  streams: boolean
  /** Those of the server that has opened the pool. */
  channels?: Channels | undefined
}

interface Owned {
  port: OwnedPort
  end: { reason: EndReason; error: Error | undefined }
}

const TICK_MS = 50
const WAITS = processWide('waits.1', () => new WaitGraph())

/** Runs requests in hosts. The caller closes the pool. */
export class Pool implements SchedulerCommands<PoolRequest>, HostEvents {
  readonly #settings: PoolSettings
  readonly #log: Log
  readonly #scheduler: Scheduler<PoolRequest>
  readonly #buffers: Buffers
  readonly #owned = new Map<PoolHost, Owned>()
  readonly #started: Deferred<Runs> = deferred()
  readonly #ticker: NodeJS.Timeout
  // The hosts that end in order.
  readonly #stopping = new Set<Promise<void>>()
  #runs: Runs | undefined
  #nextId = 1
  #reloading: Deferred<void> | undefined
  #isClosed = false

  constructor(settings: PoolSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#buffers = new Buffers(settings.buffering, log)
    const { hostName, flags } = settings.kind
    this.#scheduler = new Scheduler({ ...settings, hostName, flags }, this, WAITS)
    this.#ticker = inNeutralContext(() => setInterval(() => this.#tick(), TICK_MS).unref())
    OPEN_POOLS.add(this)
  }

  /**
   * Starts the first host; resolves when it has loaded the app, with the way in which the requests of the app run.
   *
   * @throws the error that loading the app has thrown
   */
  start(): Promise<Runs> {
    this.#scheduler.start(performance.now())
    return this.#runs ? Promise.resolve(this.#runs) : this.#started.promise
  }

  /**
   * Runs the app on one request, at once or when its body is there and a host is free; resolves when the response is
   * whole.
   *
   * @throws {@link PoolFullError} (503), {@link AppTimeoutError} (504), the error of a crash ({@link HostKind.crashed}), the error of the app
   */
  run(exchange: PoolExchange): Promise<void> {
    const held = heldSlots()
    // A request inside of another one has its slot already.
    const isNested = held.some(({ pool }) => pool === this.#scheduler)
    const isStreamed = this.#runs === 'sideBySide' && this.#settings.streams
    if (isNested || isStreamed) return this.#begin(exchange, held, this.#buffers.streamed)
    if (exchange.hasBody && this.#buffers.holdRequests) return this.#buffer(exchange, held)
    return this.#begin(exchange, held, this.#buffers.responses)
  }

  /** Whether the app gets the WebSockets; known when the first host has loaded the app. */
  get servesWebSockets(): boolean {
    return this.#runs === 'sideBySide' || this.#settings.maxWebSockets > 0
  }

  /**
   * Runs the app on one WebSocket; resolves when the app has ended. The WebSocket of a sync app holds its host.
   *
   * @throws {@link PoolFullError} (503) if too many hosts are held
   */
  open(exchange: SocketExchange): Promise<void> {
    const held = heldSlots()
    const holdsHost = this.#runs === 'inTurn'
    // It would hold the slot of its caller, which waits for the answer.
    if (holdsHost && held.some(({ pool }) => pool === this.#scheduler)) {
      return rejected(wouldDeadlock(this.#settings.kind.hostName))
    }
    const { responses } = this.#buffers
    return this.#request(held, (slot, now) => {
      return new GatewaySocket(slot, exchange, now, { holdsHost, responses })
    })
  }

  /** The owner of the slots of this pool, as the requests see it. */
  get slots(): SlotPool {
    return this.#scheduler
  }

  stats(): Load {
    const load = this.#scheduler.stats(performance.now())
    const { hosts } = this.#scheduler
    return { hosts, runs: this.#runs ?? null, ...load, buffering: this.#buffers.stats }
  }

  /**
   * Replaces all hosts, one after the other. Resolves when that is done.
   *
   * @throws the error of a new host that could not load the app; the old hosts stay
   */
  reload(): Promise<void> {
    if (this.#isClosed) return rejected(poolClosed())
    this.#scheduler.population.reload()
    this.#reloading ??= deferred()
    return this.#reloading.promise
  }

  /** Ends all hosts, even if they run code; resolves when they have ended in order, or were told to end at once. */
  async close(): Promise<void> {
    this.#isClosed = true
    OPEN_POOLS.delete(this)
    clearInterval(this.#ticker)
    this.#started.reject(poolClosed())
    this.#endReload(poolClosed())
    this.#buffers.close(poolClosed())
    this.#scheduler.close()
    await Promise.all(this.#stopping)
  }

  // --- the events of hosts ---

  onLoaded(host: PoolHost, { runs, error }: LoadedMessage): void {
    const now = performance.now()
    if (error) return this.#scheduler.hostFailedToLoad(host, fromErrorData(error), now)
    this.#runs = runs
    this.#started.resolve(runs)
    this.#scheduler.hostLoaded(host, runs === 'sideBySide', now)
  }

  onLog({ level, fields, error, message }: LogMessage): void {
    this.#log[level](error ? { ...fields, err: fromErrorData(error) } : fields, message)
  }

  onWorn(host: PoolHost, { left }: WornMessage): void {
    this.#log.warn({ left }, this.#settings.kind.wornLine)
    this.#scheduler.hostWorn(host, performance.now())
  }

  onDone(host: PoolHost, id: number, tookMs: number, now: number): void {
    this.#scheduler.requestDone(host, id, tookMs, now)
  }

  onGivenBack(host: PoolHost, id: number): void {
    this.#scheduler.requestGivenBack(host, id, performance.now())
  }

  onExit(host: PoolHost, cause: Error | undefined): void {
    const { kind } = this.#settings
    const { port, end } = this.#owned.get(host) as Owned
    this.#owned.delete(host)
    if (cause) port.publishEnd('crashed', cause)
    else port.publishEnd(end.reason, end.error)
    if (cause && !this.#isClosed)
      this.#log.error({ err: cause }, `a ${kind.hostName} ended by itself`)
    this.#scheduler.hostGone(host, cause && kind.crashed(cause), performance.now())
  }

  // --- the orders of the scheduler ---

  startHost(host: PoolHost): OwnedPort {
    const { kind, channels } = this.#settings
    try {
      const port = inNeutralContext(() => kind.start(host, this, channels))
      this.#owned.set(host, { port, end: { reason: 'closed', error: undefined } })
      return port
    } catch (error) {
      this.#log.error({ err: error }, `a ${kind.hostName} could not be started`)
      throw error
    }
  }

  endHost(host: PoolHost, end: HostEnd): void {
    const owned = this.#owned.get(host)
    if (!owned) return
    const { kind, timeoutMs } = this.#settings
    owned.end.reason = end.reason
    if (end.reason === 'loadFailed') {
      owned.end.error = end.error
      this.#log.error({ err: end.error }, `a ${kind.hostName} could not load its app`)
    } else if (end.reason === 'timedOut') {
      this.#log.error({ timeoutMs, stack: end.sample }, timeoutLine(host, kind, end.isIdle))
    } else {
      return this.#stopSoon(owned.port)
    }
    owned.port.stop()
  }

  #endReload(error: Error): void {
    this.#reloading?.reject(error)
    this.#reloading = undefined
  }

  #tick(): void {
    this.#scheduler.tick(performance.now())
    if (!this.#reloading || this.#scheduler.population.isReloading) return
    this.#reloading.resolve()
    this.#reloading = undefined
  }

  #stopSoon(port: OwnedPort): void {
    const stopped = port.stopSoon()
    this.#stopping.add(stopped)
    stopped.then(() => this.#stopping.delete(stopped)).catch(() => undefined)
  }

  inspectHost(host: PoolHost): void {
    const { port } = this.#owned.get(host) as Owned
    port
      .sampleStack()
      .catch(() => undefined)
      .then((stack) => this.#scheduler.hostInspected(host, stack, performance.now()))
      .catch(() => undefined)
  }

  cannotLoad(error: Error): void {
    this.#started.reject(error)
    this.#endReload(error)
  }

  keepProcess(): void {
    this.#ticker.ref()
  }

  releaseProcess(): void {
    this.#ticker.unref()
  }

  async #buffer(exchange: PoolExchange, held: readonly HeldSlot[]): Promise<void> {
    const refusal = this.#scheduler.refusal(performance.now())
    if (refusal) throw refusal
    const { responses } = this.#buffers
    await this.#buffers.runWith(exchange.receive, (receive) =>
      this.#begin({ ...exchange, receive, isBuffered: true }, held, responses),
    )
  }

  #begin(exchange: PoolExchange, held: readonly HeldSlot[], bounds: StoreBounds): Promise<void> {
    return this.#request(held, (slot, now) => new GatewayRequest(slot, exchange, now, bounds))
  }

  #request(
    held: readonly HeldSlot[],
    make: (slot: HeldSlot, now: number) => PoolRequest,
  ): Promise<void> {
    try {
      const now = performance.now()
      const request = make({ pool: this.#scheduler, requestId: this.#nextId++ }, now)
      this.#scheduler.request(request, held, now)
      if (held.length > 0) {
        const onEnd = (): void => this.#scheduler.requestEnded(request)
        request.ended.then(onEnd, onEnd)
      }
      return request.ended
    } catch (error) {
      return rejected(error)
    }
  }
}
