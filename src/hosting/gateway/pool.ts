// A pool of threads: who gets which request, how many threads there are, and what happens when one ends.

import {
  PoolFullError,
  ThreadCrashedError,
  UnavailableError,
  WouldDeadlockError,
} from '../../errors.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { freshestOf, hasRoom, quickestOf } from './thread-choice.ts'
import { fromErrorData } from '../protocol/error-data.ts'
import { heldSlots } from './held-slots.ts'
import { PoolQueue } from './pool-queue.ts'
import { GatewayRequest } from './request.ts'
import { PoolThread } from './pool-thread.ts'
import { PoolWatch } from './pool-watch.ts'
import { CrashBackoff } from './crash-backoff.ts'
import { waitFor } from './deadlock.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Log } from '../../contract/log.ts'
import type { HeldSlot, SlotPool } from './held-slots.ts'
import type { LoadedMessage, LogMessage, WornMessage } from '../protocol/messages.ts'
import type { PoolExchange } from './request.ts'
import type { ThreadEvents, ThreadSettings } from './pool-thread.ts'

/** The bounds of a pool. */
export interface PoolSettings extends ThreadSettings {
  min: number
  max: number
  maxQueue: number
  /** Requests after which a thread is replaced. */
  maxRequests: number
  /** How long a thread above `min` may be idle. */
  idleTimeoutMs: number
}

/** Runs requests in threads. Whoever makes it closes it. */
export class WorkerPool implements SlotPool, ThreadEvents {
  readonly #settings: PoolSettings
  readonly #log: Log
  // Without those that were told to end, which may take their time: code of the system cannot be interrupted.
  readonly #threads = new Set<PoolThread>()
  readonly #queue = new PoolQueue()
  readonly #started: Deferred<void> = deferred()
  readonly #rest = new CrashBackoff()
  readonly #watch: PoolWatch
  #nextId = 1
  #loadError: Error | undefined
  #closed = false

  constructor(settings: PoolSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#watch = new PoolWatch({
      ...settings,
      log,
      threads: this.#threads,
      isBusy: () => this.#isBusy(),
      relieve: (thread, kept) => this.#relieve(thread, kept),
      retire: (thread) => this.#retire(thread),
      dismiss: (thread) => this.#dismiss(thread),
      failToLoad: (thread, error) => this.#failToLoad(thread, error),
      handOut: () => this.#handOut(),
    })
  }

  /**
   * Starts the first thread; resolves when it has loaded the app.
   *
   * @throws what loading the app threw
   */
  start(): Promise<void> {
    // The others follow then: side by side they would only hold each other up.
    if (this.#threads.size === 0) this.#spawn()
    return this.#started.promise
  }

  /**
   * Runs the app on one request, at once or when a thread is free; resolves when the response is whole.
   *
   * @throws {@link PoolFullError} (503), {@link AppTimeoutError} (504), {@link ThreadCrashedError} (500), what the app threw
   */
  run(exchange: PoolExchange): Promise<void> {
    try {
      const request = new GatewayRequest({ pool: this, requestId: this.#nextId++ }, exchange)
      this.#begin(request)
      return request.ended
    } catch (error) {
      return rejected(error)
    }
  }

  /** As {@link SlotPool} has it. */
  holders(): number[] | null {
    if (this.#threads.size < this.#settings.max) return null
    const ids: number[] = []
    for (const { settled, current } of this.#threads) {
      if (!settled || !current) return null
      ids.push(current.id)
    }
    return ids
  }

  /** Ends all threads, whatever they are doing. */
  close(): void {
    this.#closed = true
    this.#watch.close()
    this.#rest.end()
    this.#started.reject(poolClosed())
    this.#queue.failAll(poolClosed())
    for (const thread of this.#threads) thread.stop()
  }

  onLoaded(thread: PoolThread, { error }: LoadedMessage): void {
    if (error) return this.#failToLoad(thread, fromErrorData(error))
    this.#loadError = undefined
    this.#started.resolve()
    this.#serve(thread)
    this.#grow()
  }

  onLog({ level, fields, error, message }: LogMessage): void {
    this.#log[level](error ? { ...fields, err: fromErrorData(error) } : fields, message)
  }

  onWorn(thread: PoolThread, { left }: WornMessage): void {
    this.#log.warn({ left }, 'requests leave timers or sockets behind in their thread: replaced')
    thread.worn = true
    if (thread.load === 0) this.#retire(thread)
  }

  onDone(thread: PoolThread): void {
    this.#rest.recovered()
    if (thread.worn || thread.served >= this.#settings.maxRequests) this.#retire(thread)
    else this.#serve(thread)
  }

  onExit(thread: PoolThread, cause: Error | undefined): void {
    this.#threads.delete(thread)
    if (this.#closed) return thread.failAll(poolClosed())
    this.#queue.putBack(thread.takeBack(Infinity))
    if (cause) this.#crashed(thread, cause)
    this.#handOut()
  }

  #begin(request: GatewayRequest): void {
    const slots = heldSlots()
    if (this.#closed) request.fail(poolClosed())
    else if (slots.length === 0) this.#place(request)
    else this.#placeHeld(request, slots)
  }

  #placeHeld(request: GatewayRequest, slots: readonly HeldSlot[]): void {
    const own = slots.findLast(({ pool }) => pool === this)
    if (own) return this.#nest(request, own.requestId)
    const over = waitFor(this, slots)
    if (!over) return request.fail(heldUp())
    request.ended.then(over, over)
    this.#place(request)
  }

  // A second slot might never come free: the ones who hold them all may be waiting just like this one.
  #nest(request: GatewayRequest, holder: number): void {
    const thread = [...this.#threads].find((candidate) => candidate.has(holder))
    if (thread) thread.assignNested(request, holder)
    else request.fail(new UnavailableError('the request that made this call is over'))
  }

  #place(request: GatewayRequest): void {
    this.#watch.hold()
    const thread = freshestOf(this.#threads) ?? quickestOf(this.#threads)
    if (thread) return thread.assign(request)
    this.#queue.push(request)
    this.#grow()
    if (this.#loadError && !this.#mayServe()) this.#queue.failAll(this.#loadError)
    this.#bound()
  }

  // A thread that is being started has one of those that wait already.
  #bound(): void {
    const last = this.#queue.overflow(this.#settings.maxQueue + this.#loading)
    const { size } = this.#threads
    last?.fail(new PoolFullError(`${this.#queue.length} requests wait for ${size} threads`))
  }

  // What waits goes to a thread that is free: from the queue, else from behind another thread's request.
  #serve(thread: PoolThread): void {
    while (hasRoom(thread)) {
      const request = this.#queue.next() ?? (thread.load === 0 ? this.#behindOthers() : undefined)
      if (!request) return
      thread.assign(request)
    }
  }

  #handOut(): void {
    while (this.#queue.length > 0) {
      const thread = freshestOf(this.#threads)
      if (!thread) break
      this.#serve(thread)
    }
    this.#grow()
  }

  #behindOthers(): GatewayRequest | undefined {
    for (const thread of this.#threads) {
      const [request] = thread.load > 1 ? thread.takeBack(1) : []
      if (request) return request
    }
    return undefined
  }

  #retire(thread: PoolThread): void {
    thread.retiring = true
    this.#queue.putBack(thread.takeBack(Infinity))
    if (thread.load === 0) this.#dismiss(thread)
    this.#handOut()
  }

  #dismiss(thread: PoolThread): void {
    thread.retiring = true
    this.#threads.delete(thread)
    thread.stop()
  }

  #failToLoad(thread: PoolThread, error: Error): void {
    this.#log.error({ err: error }, 'a thread could not load its app')
    this.#dismiss(thread)
    this.#cannotLoad(error)
    this.#grow()
  }

  #crashed(thread: PoolThread, cause: Error): void {
    this.#log.error({ err: cause }, 'a thread ended by itself')
    const crash = new ThreadCrashedError(`the thread ended: ${cause.message}`, { cause })
    thread.failAll(crash)
    if (thread.settled) this.#rest.crashed(() => this.#grow())
    else this.#cannotLoad(crash)
  }

  #cannotLoad(error: Error): void {
    this.#loadError = error
    this.#started.reject(error)
    this.#rest.crashed(() => this.#grow())
    if (!this.#mayServe()) this.#queue.failAll(error)
  }

  #mayServe(): boolean {
    return [...this.#threads].some((thread) => !thread.retiring)
  }

  get #loading(): number {
    return [...this.#threads].filter((thread) => !thread.settled).length
  }

  #grow(): void {
    while (!this.#closed && !this.#rest.isResting && this.#wantsMore()) this.#spawn()
  }

  #wantsMore(): boolean {
    const { min, max } = this.#settings
    if (this.#threads.size < min) return true
    return this.#queue.length > this.#loading && this.#threads.size < max
  }

  #spawn(): void {
    this.#watch.hold()
    try {
      this.#threads.add(new PoolThread(this.#settings, this))
    } catch (error) {
      // The system has no thread to give.
      this.#log.error({ err: error }, 'a thread could not be started')
      this.#cannotLoad(error as Error)
    }
  }

  // The one whose turn it is goes only where it can begin at once: a thread that only was not scheduled keeps it.
  #relieve(thread: PoolThread, kept: number): void {
    const others = freshestOf(this.#threads) ? thread.load : thread.load - kept
    this.#queue.putBack(thread.takeBack(others))
  }

  // Who waits for an answer holds the process; threads that do nothing do not.
  #isBusy(): boolean {
    const isAtWork = [...this.#threads].some(({ load, settled }) => load > 0 || !settled)
    return isAtWork || this.#queue.length > 0
  }
}

function poolClosed(): UnavailableError {
  return new UnavailableError('the pool is closed')
}

function heldUp(): WouldDeadlockError {
  return new WouldDeadlockError(
    'all threads of this pool are with requests that wait for the thread of the one that calls it: they would hold each other up; raise max, or host both apps in one pool',
  )
}
