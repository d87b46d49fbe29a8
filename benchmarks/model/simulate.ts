// A load on the pools of a machine, event by event.

import { quantile } from '../statistics.ts'
import { Cores } from './cores.ts'
import { exponential, logNormal, seeded } from './random.ts'
import { SimulatedPool, SimulatedRequest } from './simulated-pool.ts'
import type { SchedulerLimits } from '../../src/hosting/gateway/scheduler/commands.ts'
import type { Random } from './random.ts'
import type { Machine, Outcome, Work } from './simulated-pool.ts'

/** The requests. Times are in ms. */
export interface Load {
  perSecond: number
  arrivals: 'poisson' | 'steady'
  /** The mean time that a request has its thread, if it has a core whenever it computes. */
  serviceMs: number
  /** The standard deviation of that time, as a part of the mean; 0: all requests take the same time. */
  variation: number
  /** The part of that time in which the request needs a core, from 0 to 1. */
  cpuShare: number
  /** The number of requests. */
  requests: number
  seed: number
}

/** The machine and its pools. */
export interface Setup {
  processes: number
  /** The threads of each process. */
  threads: number
  cores: number
  /** The time in which a thread starts and loads its app, in ms. */
  loadMs: number
  /** The most requests that wait in each process. */
  maxQueue: number
  queueTimeoutMs: number
  timeoutMs: number
}

/** The result. Durations are in ms, shares from 0 to 1. */
export interface Outcomes {
  /** From the arrival to the end, of answered requests. */
  answeredMs: { p50: number; p99: number; max: number }
  /** From the arrival to the turn, of answered requests. */
  waitMs: { p50: number; p99: number }
  refusedShare: number
  timedOutShare: number
  /** The part of the time of all threads in which one has a request. */
  threadUtilization: number
  /** The part of the time of all cores that the apps compute. */
  coreUtilization: number
}

/** The scheduler ticks about as often, see src/hosting/gateway/pool.ts. */
const TICK_MS = 50
/** All threads are there before the first request: the model is about a load that lasts. */
const BEGIN_MS = 2_000

/** Runs the load to its end. */
export function simulate(load: Load, setup: Setup): Outcomes {
  const run = new Run(setup)
  const random = seeded(load.seed)
  const arrivals = arrivalsOf(load, random)
  const requests = arrivals.map((_at, id) => {
    return new SimulatedRequest(id, workOf(load, random), () => run.now)
  })
  const arrive = (index: number): void => {
    const request = requests[index]
    if (!request) return
    run.arrive(request, random)
    run.after(BEGIN_MS + (arrivals[index + 1] ?? 0) - run.now, () => arrive(index + 1))
  }
  run.after(BEGIN_MS, () => arrive(0))
  const endMs = run.end(requests)
  return outcomesOf(requests, setup, { endMs: endMs - BEGIN_MS, busyMs: run.cores.busyMs })
}

function arrivalsOf({ perSecond, arrivals, requests }: Load, random: Random): number[] {
  const meanMs = 1000 / perSecond
  let at = 0
  return Array.from({ length: requests }, () => {
    const arrival = at
    at += arrivals === 'steady' ? meanMs : exponential(random, meanMs)
    return arrival
  })
}

function workOf({ serviceMs, variation, cpuShare }: Load, random: Random): Work {
  const ms = logNormal(random, serviceMs, variation)
  return { cpuMs: ms * cpuShare, waitMs: ms * (1 - cpuShare) }
}

interface Later {
  at: number
  run: () => void
}

class Run implements Machine {
  now = 0
  readonly cores: Cores
  readonly #pools: SimulatedPool[]
  // In the order of their times; the next one is the last.
  readonly #later: Later[] = []
  #nextTick = TICK_MS

  constructor(setup: Setup) {
    this.cores = new Cores(setup.cores)
    const limits = limitsOf(setup)
    this.#pools = Array.from({ length: setup.processes }, () => {
      return new SimulatedPool(limits, this, setup.loadMs)
    })
  }

  after(ms: number, run: () => void): void {
    const at = this.now + Math.max(0, ms)
    let [low, high] = [0, this.#later.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#later[middle] as Later).at > at) low = middle + 1
      else high = middle
    }
    this.#later.splice(low, 0, { at, run })
  }

  /** A connection is in one process for as long as it lasts, so a request goes to any of them. */
  arrive(request: SimulatedRequest, random: Random): void {
    const pool = this.#pools[Math.floor(random() * this.#pools.length)] as SimulatedPool
    pool.scheduler.request(request, [], this.now)
  }

  /** Runs until all `requests` are over; returns the time of the end. */
  end(requests: readonly SimulatedRequest[]): number {
    const last = requests.length
    for (let done = 0; done < last;) {
      this.#step()
      while (done < last && requests[done]?.isOver === true) done += 1
    }
    return this.now
  }

  #step(): void {
    const later = this.#later.at(-1)?.at ?? Infinity
    const until = Math.min(this.now + this.cores.nextMs, later, this.#nextTick)
    const over = this.cores.pass(until - this.now)
    this.now = until
    for (const job of over) job.onEnd()
    while ((this.#later.at(-1)?.at ?? Infinity) <= this.now) this.#later.pop()?.run()
    if (this.now < this.#nextTick) return
    this.#nextTick += TICK_MS
    for (const { scheduler } of this.#pools) scheduler.tick(this.now)
  }
}

function limitsOf({ threads, maxQueue, queueTimeoutMs, timeoutMs }: Setup): SchedulerLimits {
  return {
    hostName: 'thread',
    flags: '--threads',
    min: threads,
    max: threads,
    maxQueue,
    queueTimeoutMs,
    timeoutMs,
    slots: 1,
    concurrency: 1,
    maxWebSockets: 0,
    maxRequests: Infinity,
    idleTimeoutMs: Infinity,
  }
}

function outcomesOf(
  requests: readonly SimulatedRequest[],
  { processes, threads, cores }: Setup,
  { endMs, busyMs }: { endMs: number; busyMs: number },
): Outcomes {
  const answered = requests.filter(({ outcome }) => outcome === 'answered')
  const shareOf = (wanted: Outcome): number =>
    requests.filter(({ outcome }) => outcome === wanted).length / requests.length
  const lasted = answered.map(({ arrivedAt, endedAt }) => endedAt - arrivedAt)
  const waited = answered.map(({ arrivedAt, begunAt }) => begunAt - arrivedAt)
  const held = answered.reduce((sum, { begunAt, endedAt }) => sum + endedAt - begunAt, 0)
  return {
    answeredMs: {
      p50: quantile(lasted, 0.5),
      p99: quantile(lasted, 0.99),
      max: quantile(lasted, 1),
    },
    waitMs: { p50: quantile(waited, 0.5), p99: quantile(waited, 0.99) },
    refusedShare: shareOf('refused'),
    timedOutShare: shareOf('timedOut'),
    threadUtilization: held / (endMs * processes * threads),
    coreUtilization: busyMs / (endMs * cores),
  }
}
