// The pool of one process: the real scheduler, with hosts that only spend time.

import { PoolFullError } from '../../src/errors.ts'
import { Scheduler } from '../../src/hosting/gateway/scheduler/scheduler.ts'
import { WaitGraph } from '../../src/hosting/gateway/scheduler/wait-graph.ts'
import { Job } from './cores.ts'
import type {
  SchedulerCommands,
  SchedulerLimits,
} from '../../src/hosting/gateway/scheduler/commands.ts'
import type { Host } from '../../src/hosting/gateway/scheduler/host.ts'
import type { HostPort, ScheduledRequest } from '../../src/hosting/gateway/scheduler/host-port.ts'
import type { Cores } from './cores.ts'

/** The way in which a request ended. */
export type Outcome = 'answered' | 'refused' | 'timedOut'

/** The work of a request: the time on a core, and the time in which it waits for something else. */
export interface Work {
  cpuMs: number
  waitMs: number
}

/** A request that has work in place of an app. */
export class SimulatedRequest implements ScheduledRequest {
  readonly id: number
  readonly work: Work
  arrivedAt = 0
  begunAt = 0
  endedAt = 0
  outcome: Outcome | undefined
  readonly waitsForClient = false
  readonly holdsHost = false
  readonly isEnding = false
  readonly #now: () => number

  constructor(id: number, work: Work, now: () => number) {
    this.id = id
    this.work = work
    this.#now = now
  }

  get isOver(): boolean {
    return this.outcome !== undefined
  }

  end(outcome: Outcome): void {
    this.outcome ??= outcome
    this.endedAt ||= this.#now()
  }

  fail(error: unknown): void {
    this.end(error instanceof PoolFullError ? 'refused' : 'timedOut')
  }

  warn(): void {}
}

/** The clock and the cores that the pools of a machine share. */
export interface Machine {
  readonly now: number
  readonly cores: Cores
  /** Calls `run` after `ms`. */
  after(ms: number, run: () => void): void
}

/** A thread. It begins its requests in their order, one after the other. */
class SimulatedHost implements HostPort<SimulatedRequest> {
  reached = 0
  readonly steps = 0
  readonly #sent: Array<{ request: SimulatedRequest; turn: number }> = []
  readonly #machine: Machine
  readonly #onDone: (request: SimulatedRequest) => void
  #job: Job | undefined

  constructor(machine: Machine, onDone: (request: SimulatedRequest) => void) {
    this.#machine = machine
    this.#onDone = onDone
  }

  assign(request: SimulatedRequest, turn: number): void {
    this.#sent.push({ request, turn })
    if (!this.#job) this.#begin()
  }

  assignNested(): void {
    throw new Error('the model has no nested requests')
  }

  takeBack(turn: number): boolean {
    const at = this.#sent.findIndex((entry) => entry.turn === turn)
    if (at === -1) return false
    this.#sent.splice(at, 1)
    return true
  }

  isFull(turn: number): boolean {
    return turn - this.reached >= RING
  }

  ask(): void {}

  waitedMs(): number {
    return 0
  }

  stop(): void {
    if (this.#job) this.#machine.cores.stop(this.#job)
    this.#sent.length = 0
  }

  #begin(): void {
    const next = this.#sent.shift()
    this.#job = undefined
    if (!next) return
    this.reached = next.turn + 1
    next.request.begunAt = this.#machine.now
    const { cpuMs, waitMs } = next.request.work
    this.#job = new Job(cpuMs, waitMs, () => {
      this.#onDone(next.request)
      this.#begin()
    })
    this.#machine.cores.start(this.#job)
  }
}

/** More than the scheduler ever sends ahead of time. */
const RING = 64

/** Carries out the orders of the scheduler. */
export class SimulatedPool implements SchedulerCommands<SimulatedRequest> {
  readonly scheduler: Scheduler<SimulatedRequest>
  readonly #machine: Machine
  readonly #loadMs: number
  readonly #hosts = new Map<Host<SimulatedRequest>, SimulatedHost>()

  /** @param loadMs the time in which a thread starts and loads the app */
  constructor(limits: SchedulerLimits, machine: Machine, loadMs: number) {
    this.#machine = machine
    this.#loadMs = loadMs
    this.scheduler = new Scheduler(limits, this, new WaitGraph())
    this.scheduler.start(machine.now)
  }

  startHost(host: Host<SimulatedRequest>): SimulatedHost {
    const port = new SimulatedHost(this.#machine, (request) => this.#done(host, request))
    this.#hosts.set(host, port)
    this.#machine.after(this.#loadMs, () => {
      this.scheduler.hostLoaded(host, false, this.#machine.now)
    })
    return port
  }

  endHost(host: Host<SimulatedRequest>): void {
    this.#hosts.get(host)?.stop()
    this.#hosts.delete(host)
    this.#machine.after(0, () => this.scheduler.hostGone(host, undefined, this.#machine.now))
  }

  inspectHost(host: Host<SimulatedRequest>): void {
    this.#machine.after(0, () => {
      this.scheduler.hostInspected(host, undefined, this.#machine.now)
    })
  }

  cannotLoad(error: Error): void {
    throw error
  }

  keepProcess(): void {}

  releaseProcess(): void {}

  #done(host: Host<SimulatedRequest>, request: SimulatedRequest): void {
    const { now } = this.#machine
    request.end('answered')
    this.scheduler.requestDone(host, request.id, now - request.begunAt, now)
  }
}
