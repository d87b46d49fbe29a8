// Hosts without threads: each keeps the requests that it was sent, and does with them exactly as a test says.

import { Scheduler } from '../../../../src/hosting/gateway/scheduler/scheduler.ts'
import { WaitGraph } from '../../../../src/hosting/gateway/scheduler/wait-graph.ts'
import type {
  SchedulerCommands,
  SchedulerLimits,
} from '../../../../src/hosting/gateway/scheduler/commands.ts'
import type { HostEnd } from '../../../../src/hosting/gateway/scheduler/host-end.ts'
import type { Host } from '../../../../src/hosting/gateway/scheduler/host.ts'
import type {
  HostPort,
  ScheduledRequest,
} from '../../../../src/hosting/gateway/scheduler/host-port.ts'
import type { HeldSlot } from '../../../../src/hosting/gateway/scheduler/slots.ts'

const LIMITS: SchedulerLimits = {
  hostName: 'host',
  flags: '--hosts',
  slots: 1,
  min: 1,
  max: 2,
  maxQueue: 10,
  queueTimeoutMs: 100_000,
  maxRequests: Infinity,
  concurrency: 4,
  maxWebSockets: 1,
  timeoutMs: 1_000,
  idleTimeoutMs: 1_000,
}
const CAPACITY = 64

/** A request that remembers its end. */
export class FakeRequest implements ScheduledRequest {
  readonly id: number
  arrivedAt: number
  readonly held: readonly HeldSlot[]
  error: unknown
  isOver = false
  warnings = 0
  waitsForClient = false
  holdsHost = false
  isEnding = false

  constructor(id: number, arrivedAt: number, held: readonly HeldSlot[]) {
    this.id = id
    this.arrivedAt = arrivedAt
    this.held = held
  }

  fail(error: unknown): void {
    if (this.isOver) return
    this.error = error
    this.isOver = true
  }

  warn(): void {
    this.warnings += 1
  }
}

/** One host. It begins requests in their order, when the test says so. */
export class FakeHost implements HostPort<FakeRequest> {
  readonly host: Host<FakeRequest>
  /** Requests that were sent and have not begun, with their numbers. */
  readonly sent: Array<{ request: FakeRequest; turn: number }> = []
  readonly nested: Array<{ request: FakeRequest; holder: number }> = []
  running: FakeRequest | undefined
  /** The time of the first question that the event loop of the host has not answered. */
  askedAt: number | undefined
  reached = 0
  steps = 0
  end: HostEnd | undefined
  readonly #onAssign: (request: FakeRequest) => void

  constructor(host: Host<FakeRequest>, onAssign: (request: FakeRequest) => void) {
    this.host = host
    this.#onAssign = onAssign
  }

  assign(request: FakeRequest, turn: number): void {
    this.#onAssign(request)
    this.sent.push({ request, turn })
  }

  assignNested(request: FakeRequest, holder: number): void {
    this.nested.push({ request, holder })
  }

  takeBack(turn: number): boolean {
    const at = this.sent.findIndex((entry) => entry.turn === turn)
    if (at < 0) return false
    this.sent.splice(at, 1)
    return true
  }

  isFull(turn: number): boolean {
    return turn - this.reached >= CAPACITY
  }

  ask(now: number): void {
    this.askedAt ??= now
  }

  waitedMs(now: number): number {
    return this.askedAt === undefined ? 0 : now - this.askedAt
  }

  /** Begins the next request, if there is one. */
  begin(): FakeRequest | undefined {
    if (this.running) return this.running
    const next = this.sent.shift()
    if (!next) return undefined
    this.reached = next.turn + 1
    this.running = next.request
    return next.request
  }
}

/** A scheduler with its hosts and a clock that only the test moves. */
export class FakePool implements SchedulerCommands<FakeRequest> {
  readonly scheduler: Scheduler<FakeRequest>
  /** Hosts that were started and are not gone. */
  readonly hosts: FakeHost[] = []
  readonly ended: FakeHost[] = []
  /** Hosts that were told to end and are not gone. */
  readonly ending: FakeHost[] = []
  /** Whether hosts that were told to end stay, as if they were in a call of the system. */
  isStuck = false
  readonly inspected: FakeHost[] = []
  /** Whether the hosts that load run their requests side by side. */
  isSideBySide = false
  readonly loadErrors: Error[] = []
  now = 0
  started = 0
  crashes = 0
  keepsProcess = false
  refuseToStart: Error | undefined
  /** Every request that was made, in the order of arrival. */
  readonly requests: FakeRequest[] = []
  /** Called before each assignment. */
  onAssign: (request: FakeRequest) => void = () => undefined
  #lastId = 0

  constructor(limits: Partial<SchedulerLimits> = {}, waits: WaitGraph = new WaitGraph()) {
    this.scheduler = new Scheduler({ ...LIMITS, ...limits }, this, waits)
  }

  startHost(host: Host<FakeRequest>): FakeHost {
    if (this.refuseToStart) throw this.refuseToStart
    this.started += 1
    const fake = new FakeHost(host, (request) => this.onAssign(request))
    this.hosts.push(fake)
    return fake
  }

  endHost(host: Host<FakeRequest>, end: HostEnd): void {
    const fake = this.of(host)
    fake.end = end
    this.hosts.splice(this.hosts.indexOf(fake), 1)
    this.ended.push(fake)
    this.ending.push(fake)
  }

  /** The hosts that were told to end are gone. */
  settle(): void {
    if (this.isStuck) return
    for (const { host } of this.ending.splice(0)) {
      this.scheduler.hostGone(host, undefined, this.now)
    }
  }

  inspectHost(host: Host<FakeRequest>): void {
    this.inspected.push(this.of(host))
  }

  cannotLoad(error: Error): void {
    this.loadErrors.push(error)
  }

  keepProcess(): void {
    this.keepsProcess = true
  }

  releaseProcess(): void {
    this.keepsProcess = false
  }

  of(host: Host<FakeRequest>): FakeHost {
    return [...this.hosts, ...this.ended].find((fake) => fake.host === host) as FakeHost
  }

  request(held: readonly HeldSlot[] = []): FakeRequest {
    this.#lastId += 1
    const request = new FakeRequest(this.#lastId, this.now, held)
    this.requests.push(request)
    this.scheduler.request(request, held, this.now)
    return request
  }

  /** A WebSocket of a sync app arrives. */
  hold(): FakeRequest {
    this.#lastId += 1
    const socket = new FakeRequest(this.#lastId, this.now, [])
    socket.holdsHost = true
    this.requests.push(socket)
    this.scheduler.request(socket, [], this.now)
    return socket
  }

  /** The host at `index` says that it has loaded its app. */
  load(index = 0): FakeHost {
    this.settle()
    const fake = this.hosts[index] as FakeHost
    this.scheduler.hostLoaded(fake.host, this.isSideBySide, this.now)
    return fake
  }

  /** `fake` runs its current request to the end. */
  finish(fake: FakeHost, tookMs = 1): FakeRequest | undefined {
    const request = fake.begin()
    if (!request) return undefined
    fake.running = undefined
    request.isOver = true
    this.scheduler.requestDone(fake.host, request.id, tookMs, this.now)
    this.settle()
    return request
  }

  crash(fake: FakeHost, error: Error = new Error('crashed')): void {
    const at = this.hosts.indexOf(fake)
    if (at >= 0) this.hosts.splice(at, 1)
    this.crashes += 1
    this.scheduler.hostGone(fake.host, error, this.now)
  }

  /** Time passes, and the ticker ticks at its end. */
  pass(ms: number): void {
    this.settle()
    this.now += ms
    this.scheduler.tick(this.now)
  }

  /** A pool whose first host is ready. */
  static ready(limits: Partial<SchedulerLimits> = {}, waits?: WaitGraph): FakePool {
    const pool = new FakePool(limits, waits)
    pool.scheduler.start(pool.now)
    pool.load()
    return pool
  }
}
