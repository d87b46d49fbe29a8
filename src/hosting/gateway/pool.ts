// A pool of threads: the shell around the scheduler. It owns the workers, the clock and the ticker, and carries out the
// orders of the scheduler.

import { performance } from 'node:perf_hooks'
import { ThreadCrashedError } from '../../errors.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { processWide } from '../../bridge/process-wide.ts'
import { fromErrorData } from '../protocol/error-data.ts'
import { Buffers } from './buffering/buffers.ts'
import { heldSlots } from './held-slots.ts'
import { inNeutralContext } from './neutral-context.ts'
import { GatewayRequest } from './request.ts'
import { GatewaySocket } from './socket.ts'
import { poolClosed } from './scheduler/pool-errors.ts'
import { Scheduler } from './scheduler/scheduler.ts'
import { WaitGraph } from './scheduler/wait-graph.ts'
import { sampleStack } from './stack-sample.ts'
import { publishEnd, publishStart } from './thread-channels.ts'
import { ThreadPort } from './thread-port.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Log } from '../../contract/log.ts'
import type { LoadedMessage, LogMessage, Runs, WornMessage } from '../protocol/messages.ts'
import type { BufferingSettings } from './buffering/buffering-settings.ts'
import type { StoreBounds } from './buffering/byte-store.ts'
import type { PoolRequest } from './pool-request.ts'
import type { PoolStats } from './pool-stats.ts'
import type { PoolExchange } from './request.ts'
import type { SocketExchange } from './socket.ts'
import type { HostEnd, SchedulerCommands, SchedulerLimits } from './scheduler/commands.ts'
import type { Host } from './scheduler/host.ts'
import type { HeldSlot, SlotPool } from './scheduler/slots.ts'
import type { ThreadEnd } from './thread-channels.ts'
import type { ThreadEvents, ThreadSettings } from './thread-port.ts'

/** The completed options of a pool. */
export interface PoolSettings extends ThreadSettings, Omit<SchedulerLimits, 'hostName'> {
  buffering: BufferingSettings
  /** Whether requests that run side by side stream. */
  streams: boolean
}

type ThreadHost = Host<PoolRequest>

interface Thread {
  port: ThreadPort
  end: ThreadEnd
}

const TICK_MS = 50
const WAITS = processWide('waits.1', () => new WaitGraph())

/** Runs requests in threads. The caller closes the pool. */
export class WorkerPool implements SchedulerCommands<PoolRequest>, ThreadEvents {
  readonly #settings: PoolSettings
  readonly #log: Log
  readonly #scheduler: Scheduler<PoolRequest>
  readonly #buffers: Buffers
  readonly #threads = new Map<ThreadHost, Thread>()
  readonly #started: Deferred<Runs> = deferred()
  readonly #ticker: NodeJS.Timeout
  // The threads that end in order.
  readonly #stopping = new Set<Promise<void>>()
  #runs: Runs | undefined
  #nextId = 1
  #isClosed = false

  constructor(settings: PoolSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#buffers = new Buffers(settings.buffering, log)
    this.#scheduler = new Scheduler({ ...settings, hostName: 'thread' }, this, WAITS)
    const tick = (): void => this.#scheduler.tick(performance.now())
    this.#ticker = inNeutralContext(() => setInterval(tick, TICK_MS).unref())
  }

  /**
   * Starts the first thread; resolves when it has loaded the app, with the way in which the requests of the app run.
   *
   * @throws the error that loading the app has thrown
   */
  start(): Promise<Runs> {
    this.#scheduler.start(performance.now())
    return this.#runs ? Promise.resolve(this.#runs) : this.#started.promise
  }

  /**
   * Runs the app on one request, at once or when its body is there and a thread is free; resolves when the response is
   * whole.
   *
   * @throws {@link PoolFullError} (503), {@link AppTimeoutError} (504), {@link ThreadCrashedError} (500), the error of the app
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

  /** Runs the app on one WebSocket; resolves when the app has ended. The requests of the app run side by side. */
  open(exchange: SocketExchange): Promise<void> {
    return this.#request(heldSlots(), ({ requestId }, now) => {
      return new GatewaySocket(requestId, exchange, now)
    })
  }

  /** The owner of the slots of this pool, as the requests see it. */
  get slots(): SlotPool {
    return this.#scheduler
  }

  stats(): PoolStats {
    const load = this.#scheduler.stats(performance.now())
    return { threads: this.#scheduler.hosts, ...load, buffering: this.#buffers.stats }
  }

  /** Ends all threads, even if they run code; resolves when they have ended in order, or were told to end at once. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#ticker)
    this.#started.reject(poolClosed())
    this.#buffers.close(poolClosed())
    this.#scheduler.close()
    await Promise.all(this.#stopping)
  }

  // --- the events of threads ---

  onLoaded(host: ThreadHost, { runs, error }: LoadedMessage): void {
    const now = performance.now()
    if (error) return this.#scheduler.hostFailedToLoad(host, fromErrorData(error), now)
    this.#runs = runs
    this.#started.resolve(runs)
    this.#scheduler.hostLoaded(host, runs === 'sideBySide', now)
  }

  onLog({ level, fields, error, message }: LogMessage): void {
    this.#log[level](error ? { ...fields, err: fromErrorData(error) } : fields, message)
  }

  onWorn(host: ThreadHost, { left }: WornMessage): void {
    this.#log.warn(
      { left },
      'requests leave timers or sockets open in their thread; it is replaced',
    )
    this.#scheduler.hostWorn(host, performance.now())
  }

  onDone(host: ThreadHost, id: number, tookMs: number, now: number): void {
    this.#scheduler.requestDone(host, id, tookMs, now)
  }

  onExit(host: ThreadHost, cause: Error | undefined): void {
    const { end } = this.#threads.get(host) as Thread
    this.#threads.delete(host)
    publishEnd(cause ? { ...end, reason: 'crashed', error: cause } : end)
    if (cause && !this.#isClosed) this.#log.error({ err: cause }, 'a thread ended by itself')
    const crash = cause && new ThreadCrashedError(`the thread ended: ${cause.message}`, { cause })
    this.#scheduler.hostGone(host, crash, performance.now())
  }

  // --- the orders of the scheduler ---

  startHost(host: ThreadHost): ThreadPort {
    try {
      const port = inNeutralContext(() => new ThreadPort(this.#settings, host, this))
      const { url, exportName } = this.#settings.target
      const start = { threadId: port.threadId, url, export: exportName }
      this.#threads.set(host, { port, end: { ...start, reason: 'closed', error: undefined } })
      publishStart(start)
      return port
    } catch (error) {
      this.#log.error({ err: error }, 'a thread could not be started')
      throw error
    }
  }

  endHost(host: ThreadHost, end: HostEnd): void {
    const thread = this.#threads.get(host)
    if (!thread) return
    thread.end.reason = end.reason
    if (end.reason === 'loadFailed') {
      thread.end.error = end.error
      this.#log.error({ err: end.error }, 'a thread could not load its app')
    } else if (end.reason === 'timedOut') {
      const fields = { timeoutMs: this.#settings.timeoutMs, stack: end.sample }
      this.#log.error(fields, timeoutLine(host, end.isIdle))
    } else {
      return this.#stopSoon(thread.port)
    }
    thread.port.stop()
  }

  #stopSoon(port: ThreadPort): void {
    const stopped = port.stopSoon()
    this.#stopping.add(stopped)
    stopped.then(() => this.#stopping.delete(stopped)).catch(() => undefined)
  }

  inspectHost(host: ThreadHost): void {
    const { port } = this.#threads.get(host) as Thread
    sampleStack(port.threadId)
      .catch(() => undefined)
      .then((stack) => this.#scheduler.hostInspected(host, stack, performance.now()))
      .catch(() => undefined)
  }

  cannotLoad(error: Error): void {
    this.#started.reject(error)
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
      if (held.length > 0) this.#watchEnd(request)
      return request.ended
    } catch (error) {
      return rejected(error)
    }
  }

  #watchEnd(request: PoolRequest): void {
    const onEnd = (): void => this.#scheduler.requestEnded(request)
    request.ended.then(onEnd, onEnd)
  }
}

const REMEDY =
  'The stack shows the code; raise timeoutMs (--threads-timeout) if the work needs more time'

function timeoutLine({ pace }: ThreadHost, isIdle: boolean): string {
  if (pace.isSideBySide)
    return `the event loop of a thread stood still for timeoutMs; the thread is ended. ${REMEDY}`
  const subject = isIdle ? 'work that a request has left open' : 'a request'
  return `${subject} took longer than timeoutMs; its thread is ended. ${REMEDY}`
}
