// A pool of threads: who gets which request, how many threads there are, and what happens when one ends.

import { AppTimeout, PoolFull, ThreadCrashed, Unavailable } from '../../errors.ts'
import { deferred } from '../../async/deferred.ts'
import { hasRoomAhead, quickestOf, STUCK_MS } from './ahead.ts'
import { fromErrorData } from './error-data.ts'
import { heldSlotOf } from './held-slots.ts'
import { PoolRequest } from './pool-request.ts'
import { PoolThread } from './pool-thread.ts'
import { Rest } from './rest.ts'
import { sampleStack } from './stack-sample.ts'
import type { Deferred } from '../../async/deferred.ts'
import type { Log } from '../../contract/log.ts'
import type { LoadedMessage, LogMessage, WornMessage } from './messages.ts'
import type { PoolExchange } from './pool-request.ts'
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

const TICK_MS = 50

/** Runs requests in threads. Whoever makes it closes it. */
export class WorkerPool implements ThreadEvents {
  readonly #settings: PoolSettings
  readonly #log: Log
  readonly #threads = new Set<PoolThread>()
  readonly #started: Deferred<void> = deferred()
  readonly #rest = new Rest()
  readonly #ticker: NodeJS.Timeout
  #idle: PoolThread[] = []
  #queue: PoolRequest[] = []
  #nextId = 1
  #loadError: Error | undefined
  #closed = false

  constructor(settings: PoolSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref()
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
   * @throws {@link PoolFull} (503), {@link AppTimeout} (504), {@link ThreadCrashed} (500), what the app threw
   */
  run(exchange: PoolExchange): Promise<void> {
    const request = new PoolRequest({ pool: this, requestId: this.#nextId++ }, exchange)
    const held = heldSlotOf(this)
    if (this.#closed) request.fail(new Unavailable('the pool is closed'))
    else if (held) this.#nest(request, held.requestId)
    else this.#place(request)
    return request.ended
  }

  /** Ends all threads, whatever they are doing. */
  close(): void {
    this.#closed = true
    clearInterval(this.#ticker)
    this.#rest.end()
    for (const request of this.#queue.splice(0)) request.fail(new Unavailable('the pool is closed'))
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
    if (thread.load > 0) return
    this.#idle = this.#idle.filter((idle) => idle !== thread)
    this.#retire(thread)
  }

  onDone(thread: PoolThread): void {
    this.#rest.recovered()
    if (thread.worn || thread.served >= this.#settings.maxRequests) this.#retire(thread)
    else this.#serve(thread)
  }

  onExit(thread: PoolThread, cause: Error | undefined): void {
    this.#threads.delete(thread)
    this.#idle = this.#idle.filter((idle) => idle !== thread)
    this.#queue.unshift(...thread.takeBack(Infinity))
    thread.failAll(this.#crashOf(cause))
    if (this.#closed) return
    if (cause) this.#crashed(thread, cause)
    this.#grow()
  }

  // A second slot might never come free: the ones who hold them all may be waiting just like this one.
  #nest(request: PoolRequest, holder: number): void {
    const thread = [...this.#threads].find((candidate) => candidate.has(holder))
    if (thread) thread.assignNested(request, holder)
    else request.fail(new Unavailable('the request that made this call is over'))
  }

  #place(request: PoolRequest): void {
    const thread = this.#takeIdle() ?? quickestOf(this.#threads)
    if (thread) return thread.assign(request)
    if (this.#loadError && !this.#mayServe()) return request.fail(this.#loadError)
    if (this.#queue.length >= this.#settings.maxQueue) {
      const { size } = this.#threads
      return request.fail(new PoolFull(`${this.#queue.length} requests wait for ${size} threads`))
    }
    this.#queue.push(request)
    this.#grow()
  }

  #takeIdle(): PoolThread | undefined {
    const at = this.#idle.findLastIndex((thread) => !thread.isFull)
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0]
  }

  // What waits goes to a thread that is free: from the queue, else from behind another thread's request.
  #serve(thread: PoolThread): void {
    if (thread.retiring) return
    while (thread.load === 0 ? !thread.isFull : hasRoomAhead(thread, performance.now())) {
      const request = this.#nextInQueue() ?? (thread.load === 0 ? this.#behindOthers() : undefined)
      if (!request) break
      thread.assign(request)
    }
    if (thread.load === 0) this.#idle.push(thread)
  }

  #nextInQueue(): PoolRequest | undefined {
    for (;;) {
      const request = this.#queue.shift()
      // Whose client has left meanwhile is never started.
      if (!request?.isOver) return request
    }
  }

  #behindOthers(): PoolRequest | undefined {
    for (const thread of this.#threads) {
      const [request] = thread.load > 1 ? thread.takeBack(1) : []
      if (request) return request
    }
    return undefined
  }

  #retire(thread: PoolThread): void {
    thread.retiring = true
    this.#queue.unshift(...thread.takeBack(Infinity))
    if (thread.load === 0) thread.stop()
  }

  #failToLoad(thread: PoolThread, error: Error): void {
    this.#log.error({ err: error }, 'a thread could not load its app')
    thread.retiring = true
    thread.stop()
    this.#cannotLoad(error)
  }

  #crashed(thread: PoolThread, cause: Error): void {
    this.#log.error({ err: cause }, 'a thread ended by itself')
    if (thread.settled) this.#rest.crashed(() => this.#grow())
    else this.#cannotLoad(this.#crashOf(cause))
  }

  #crashOf(cause: Error | undefined): Error {
    if (this.#closed || !cause) return new Unavailable('the thread was ended')
    return new ThreadCrashed(`the thread ended: ${cause.message}`, { cause })
  }

  #cannotLoad(error: Error): void {
    this.#loadError = error
    this.#started.reject(error)
    this.#rest.crashed(() => this.#grow())
    if (!this.#mayServe()) for (const request of this.#queue.splice(0)) request.fail(error)
  }

  #mayServe(): boolean {
    return [...this.#threads].some((thread) => !thread.retiring)
  }

  #grow(): void {
    while (!this.#closed && !this.#rest.isResting && this.#wantsMore()) this.#spawn()
  }

  #wantsMore(): boolean {
    const { min, max } = this.#settings
    if (this.#threads.size < min) return true
    const loading = [...this.#threads].filter((thread) => !thread.settled).length
    return this.#queue.length > loading && this.#threads.size < max
  }

  #spawn(): void {
    this.#threads.add(new PoolThread(this.#settings, this))
  }

  #tick(): void {
    const now = performance.now()
    for (const thread of this.#threads) {
      const heldMs = now - thread.turnSince
      if (thread.load === 0) this.#shrink(thread, heldMs)
      else if (heldMs >= this.#settings.timeoutMs) this.#end(thread).catch(() => undefined)
      else if (thread.load > 1 && heldMs >= STUCK_MS) this.#relieve(thread)
    }
    if (this.#queue.length > 0) for (const idle of this.#idle.splice(0)) this.#serve(idle)
  }

  #shrink(thread: PoolThread, idleMs: number): void {
    if (!thread.ready || thread.retiring || idleMs < this.#settings.idleTimeoutMs) return
    if (this.#threads.size <= this.#settings.min) return
    this.#idle = this.#idle.filter((idle) => idle !== thread)
    thread.retiring = true
    thread.stop()
  }

  // All but the one whose turn it is: a thread that only was not scheduled keeps something to do.
  #relieve(thread: PoolThread): void {
    this.#queue.unshift(...thread.takeBack(thread.load - 1))
    this.#grow()
  }

  // The request has had its time: what it is doing goes to the log, and its thread ends.
  async #end(thread: PoolThread): Promise<void> {
    const request = thread.current
    if (thread.ending || !request) return
    thread.ending = true
    const stack = await sampleStack(thread.id)
    thread.ending = thread.current === request
    // It finished while we looked.
    if (!thread.ending) return

    const { timeoutMs } = this.#settings
    this.#log.error({ timeoutMs, stack }, 'a request took too long; its thread is ended')
    thread.retiring = true
    request.fail(new AppTimeout(`the app took longer than ${timeoutMs} ms`))
    thread.stop()
  }
}
