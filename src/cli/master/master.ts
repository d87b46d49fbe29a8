// Owns the listening socket and the workers: carries out the orders of the supervisor.

import { deferred } from '../../waiting/deferred.ts'
import { MAX_TIMER_MS } from '../../waiting/settles-within.ts'
import { ConnectionBalancer } from '../connection-balancer.ts'
import { MasterLog, failureOf } from './master-log.ts'
import { Heartbeats } from './heartbeats.ts'
import { Supervisor } from './supervisor.ts'
import { WorkerLimits } from './worker-limits.ts'
import { WorkerProcess } from './worker-process.ts'
import { WorkerProgram } from './worker-program.ts'
import type { ClusterChannels } from '../../channels/cluster/cluster.ts'
import type { Log } from '../../contract/log.ts'
import type { ServerAddress } from '../../server/engine.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { BalancerSettings } from '../connection-balancer.ts'
import type { Failure } from '../report-failure.ts'
import type { MasterFigures } from './master-figures.ts'
import type { Beat } from '../worker-messages.ts'
import type { WorkersFlags } from '../workers-options.ts'
import type { Order } from './supervisor.ts'
import type { WorkerEnd, WorkerOwner } from './worker-process.ts'

/** The parts of a {@link Master}. */
export interface MasterParts {
  readonly count: number
  /** The most workers after calls of `resize`. */
  readonly maxCount: number
  readonly flags: WorkersFlags
  readonly balancer: BalancerSettings
  /** The times of a worker, from the options of its server. */
  readonly graceMs: number
  readonly lifespanTimeoutMs: number
  readonly channels: ClusterChannels | null
  /** Follows the life of the workers. */
  readonly figures: MasterFigures
  readonly log: Log
}

/** The end of the first start. */
type Opened = { readonly address: ServerAddress } | { readonly failure: Failure }

/** The end of a reload; `failure` is that of the worker that did not start, and null if all workers are new. */
interface Reloaded {
  readonly workers: number
  readonly failure: Failure | null
}

/** The time for the app to be imported, besides that for its startup. */
const LOAD_MS = 60_000
/** The time of a worker for the end of its requests after the grace, and for the end of its process. */
const AFTER_GRACE_MS = 10_000
const ENDING: Failure = { text: 'the server drains', status: 0 }

interface Running {
  readonly process: WorkerProcess
  readonly limits: WorkerLimits
  readyAt: number | null
  isDraining: boolean
}

/** Keeps workers that serve. The caller of {@link open} closes it. */
export class Master implements WorkerOwner {
  readonly #options: MasterParts
  readonly #program = new WorkerProgram()
  readonly #log: MasterLog
  readonly #balancer: ConnectionBalancer
  readonly #supervisor: Supervisor
  readonly #heartbeats: Heartbeats
  readonly #workers = new Map<number, Running>()
  readonly #opened = deferred<Opened>()
  readonly #over = deferred()
  #address: ServerAddress | null = null
  #failure: Failure | null = null
  #lastEnd: WorkerEnd | null = null
  #reloads: Array<Deferred<Reloaded>> = []
  #nextReloads: Array<Deferred<Reloaded>> = []
  #timer: NodeJS.Timeout | undefined
  #isForced = false

  constructor(options: MasterParts) {
    const { count, maxCount: maxSize, balancer, graceMs, lifespanTimeoutMs, log, flags } = options
    this.#options = options
    this.#log = new MasterLog(log)
    this.#balancer = new ConnectionBalancer(balancer)
    this.#heartbeats = new Heartbeats(flags.timeoutWorkerMs, this.#log)
    this.#supervisor = new Supervisor(count, {
      maxSize,
      startMs: LOAD_MS + lifespanTimeoutMs,
      drainMs: graceMs + lifespanTimeoutMs + AFTER_GRACE_MS,
    })
  }

  /**
   * Starts the workers, and listens when all of them are ready. Resolves with the failure of a worker that did not start.
   * Rejects with the system's own error (`EADDRINUSE` …). In both cases the workers have ended.
   */
  async open(): Promise<Opened> {
    this.#heartbeats.begin()
    this.#obey(this.#supervisor.tick(performance.now()))
    try {
      return await this.#opened.promise
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /**
   * Replaces all workers by new ones, which load the code as it is now. A worker takes connections before an old one drains. A
   * call during a reload makes one more reload after it.
   */
  reload(): Promise<Reloaded> {
    const reloaded = deferred<Reloaded>()
    const isLater = this.#supervisor.isReloading
    if (isLater) this.#nextReloads.push(reloaded)
    else this.#reloads.push(reloaded)
    this.#obey(this.#supervisor.reload(performance.now()))
    return reloaded.promise
  }

  /** One worker more (1), up to the limit, or less (-1); the last one stays. */
  resize(by: 1 | -1): void {
    const before = this.#supervisor.size
    this.#obey(this.#supervisor.resize(by, performance.now()))
    this.#log.resized(before, this.#supervisor.size)
  }

  /** Accepts the connections that wait, drains all workers, and resolves when the last one has ended. */
  async close(): Promise<{ forced: boolean }> {
    // A cut in an earlier reload is no failure of this end.
    this.#isForced = false
    await this.#balancer.close()
    this.#obey(this.#supervisor.stop(performance.now()))
    if (this.#workers.size === 0) this.#over.resolve()
    await this.#over.promise
    await this.#options.channels?.close()
    this.#settleReloads(ENDING)
    this.#settleReloads(ENDING)
    return { forced: this.#isForced }
  }

  /** Ends all workers at once. */
  kill(): void {
    for (const { process } of this.#workers.values()) process.kill()
  }

  // --- the calls of its workers ---

  onReady(worker: WorkerProcess): void {
    this.#obey(this.#supervisor.ready(worker.id, performance.now()))
  }

  onBeat(worker: WorkerProcess, beat: Beat): void {
    const running = this.#workers.get(worker.id)
    if (!running || running.readyAt === null || running.isDraining) return
    const now = performance.now()
    this.#heartbeats.beat(worker, now)
    const reason = running.limits.exceededBy(beat, now - running.readyAt)
    if (reason !== undefined) this.onLeave(worker, reason)
  }

  onLeave(worker: WorkerProcess, reason: string): void {
    const orders = this.#supervisor.leaves(worker.id, performance.now())
    this.#log.leaves(worker, reason)
    this.#obey(orders)
  }

  onStop(worker: WorkerProcess): void {
    const running = this.#workers.get(worker.id)
    this.#withdraw(worker)
    worker.target.stop()
    if (!running || running.isDraining) return
    running.isDraining = true
    this.#obey(this.#supervisor.left(worker.id, performance.now()))
  }

  onLost(worker: WorkerProcess): void {
    const running = this.#workers.get(worker.id)
    if (!running || running.readyAt === null || running.isDraining) return
    this.#log.lost(worker)
    this.onStop(worker)
  }

  onEnd(worker: WorkerProcess, end: WorkerEnd): void {
    const running = this.#workers.get(worker.id)
    this.#workers.delete(worker.id)
    this.#withdraw(worker)
    this.#lastEnd = end
    const now = performance.now()
    const orders = this.#supervisor.ended(worker.id, now)
    this.#options.figures.ended(worker, running?.isDraining !== true)
    if (running?.isDraining) this.#isForced ||= end.status !== 0
    else if (this.#address && !orders.some(({ type }) => type === 'reloaded')) {
      this.#log.ended(worker, end, {
        wasReady: running?.readyAt !== null,
        ...this.#supervisor.waitOf(worker.number, now),
      })
    }
    this.#obey(orders)
    if (!this.#supervisor.isOver || this.#workers.size > 0) return
    this.#heartbeats.end()
    clearTimeout(this.#timer)
    if (this.#failure) this.#opened.resolve({ failure: this.#failure })
    this.#over.resolve()
  }

  #obey(orders: readonly Order[]): void {
    for (const order of orders) this.#carryOut(order)
    clearTimeout(this.#timer)
    const at = this.#supervisor.nextTickAt
    if (at === Infinity) return
    const delayMs = Math.max(0, Math.min(at - performance.now(), MAX_TIMER_MS))
    this.#timer = setTimeout(() => this.#obey(this.#supervisor.tick(performance.now())), delayMs)
  }

  #carryOut(order: Order): void {
    switch (order.type) {
      case 'start':
        return this.#start(order.id, order.slot)
      case 'admit':
        return this.#admit(order.id)
      case 'drain':
        return this.#drain(order.id)
      case 'kill':
        return this.#killLate(order.id)
      case 'opened':
        return this.#listen()
      case 'startFailed':
        this.#failure = failureOf(this.#lastEnd)
        return
      case 'reloaded':
        return this.#settleReloads(order.failed === null ? null : failureOf(this.#lastEnd))
    }
  }

  #start(id: number, slot: number): void {
    const process = new WorkerProcess(id, slot, this.#program, this)
    const limits = new WorkerLimits(this.#options.flags)
    this.#workers.set(id, { process, limits, readyAt: null, isDraining: false })
    this.#options.figures.started(process)
    if (process.child.connected) this.#options.channels?.attach(process.child)
  }

  #admit(id: number): void {
    const running = this.#workers.get(id)
    if (!running) return
    running.readyAt = performance.now()
    if (this.#address) this.#letIn(running.process, this.#address)
  }

  #listen(): void {
    this.#balancer.open().then(
      (address) => {
        this.#address = address
        for (const { process, readyAt, isDraining } of this.#workers.values()) {
          if (readyAt !== null && !isDraining) this.#letIn(process, address)
        }
        this.#opened.resolve({ address })
      },
      (error: unknown) => this.#opened.reject(error),
    )
  }

  #letIn(worker: WorkerProcess, address: ServerAddress): void {
    worker.send({ type: 'isthmus.worker.opened', address })
    this.#balancer.add(worker.target)
    this.#heartbeats.watch(worker, performance.now())
    this.#options.figures.ready(worker)
    this.#log.ready(worker)
  }

  #drain(id: number): void {
    const running = this.#workers.get(id)
    if (!running) return
    running.isDraining = true
    this.#withdraw(running.process)
    running.process.send({ type: 'isthmus.worker.drain' })
  }

  #killLate(id: number): void {
    const running = this.#workers.get(id)
    if (!running) return
    this.#log.late(running.process, running.isDraining)
    running.process.kill()
  }

  #withdraw(worker: WorkerProcess): void {
    this.#balancer.remove(worker.target)
    this.#heartbeats.forget(worker)
    this.#options.figures.drains(worker)
  }

  #settleReloads(failure: Failure | null): void {
    const settled = this.#reloads
    this.#reloads = this.#nextReloads
    this.#nextReloads = []
    for (const reloaded of settled) reloaded.resolve({ workers: this.#supervisor.size, failure })
  }
}
