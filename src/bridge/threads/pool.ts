// A pool of threads: who gets which request, how many threads there are, and what happens when one ends.

import { AppTimeout, PoolFull, ThreadCrashed, Unavailable } from '../../errors.ts'
import { deferred } from '../../async/deferred.ts'
import { fromErrorData } from './error-data.ts'
import { heldSlotOf } from './held-slots.ts'
import { PoolRequest } from './pool-request.ts'
import { PoolThread } from './pool-thread.ts'
import { sampleStack } from './stack-sample.ts'
import type { Deferred } from '../../async/deferred.ts'
import type { Log } from '../../contract/log.ts'
import type { LoadedMessage, LogMessage } from './messages.ts'
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

// A handler that takes microseconds is not worth a wake-up each: its thread gets requests ahead, for so long.
const QUICK_MS = 0.2
const AHEAD_MS = 2
const MAX_AHEAD = 32
// Behind a handler that was quick and now is not, nobody waits longer than this for another thread.
const STUCK_MS = 5
const TICK_MS = 50
const MAX_REST_MS = 5_000

/** Runs requests in threads. Whoever starts it closes it. */
export class WorkerPool implements ThreadEvents {
  readonly #settings: PoolSettings
  readonly #log: Log
  readonly #threads = new Set<PoolThread>()
  readonly #started: Deferred<void> = deferred()
  #idle: PoolThread[] = []
  #queue: PoolRequest[] = []
  #nextId = 1
  #loading = 0
  // Threads that ended by themselves since the last request that one of them finished.
  #crashes = 0
  #resting = false
  #loadError: Error | undefined
  #closed = false
  #ticker: NodeJS.Timeout

  constructor(settings: PoolSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /**
   * Starts the first threads; resolves when one has loaded the app.
   *
   * @throws what loading the app threw
   */
  start(): Promise<void> {
    this.#grow()
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
    if (held) this.#nest(request, held.requestId)
    else this.#place(request)
    return request.ended
  }

  /** Ends all threads, whatever they are doing. */
  close(): void {
    this.#closed = true
    clearInterval(this.#ticker)
    for (const request of this.#queue.splice(0)) request.fail(new Unavailable('the pool is closed'))
    for (const thread of this.#threads) thread.stop()
  }

  onLoaded(thread: PoolThread, { error }: LoadedMessage): void {
    this.#loading -= 1
    if (error) return this.#failToLoad(thread, fromErrorData(error))
    this.#loadError = undefined
    this.#started.resolve()
    this.#serve(thread)
  }

  onLog({ level, fields, message }: LogMessage): void {
    this.#log[level](fields, message)
  }

  onDone(thread: PoolThread): void {
    this.#crashes = 0
    if (thread.served >= this.#settings.maxRequests) this.#retire(thread)
    else this.#serve(thread)
  }

  onExit(thread: PoolThread, cause: Error | undefined): void {
    this.#threads.delete(thread)
    this.#idle = this.#idle.filter((idle) => idle !== thread)
    this.#queue.unshift(...thread.takeBack(Infinity))
    if (this.#closed) return thread.current?.fail(new Unavailable('the pool is closed'))
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
    const thread = this.#idle.pop() ?? this.#quickThread()
    if (thread) return thread.assign(request)
    if (this.#loadError && this.#loading === 0) return request.fail(this.#loadError)
    if (this.#queue.length >= this.#settings.maxQueue) {
      return request.fail(
        new PoolFull(
          `${this.#queue.length} requests wait for one of ${this.#threads.size} threads`,
        ),
      )
    }
    this.#queue.push(request)
    this.#grow()
  }

  // Which of the threads that are busy with quick requests has the least ahead of it.
  #quickThread(): PoolThread | undefined {
    let quickest: PoolThread | undefined
    const now = performance.now()
    for (const thread of this.#threads) {
      if (!hasRoomAhead(thread, now)) continue
      if (!quickest || thread.load < quickest.load) quickest = thread
    }
    return quickest
  }

  // What waits goes to a thread that is free: from the queue, else from behind another thread's request.
  #serve(thread: PoolThread): void {
    if (thread.retiring) return
    while (thread.load === 0 || hasRoomAhead(thread, performance.now())) {
      const request = this.#nextInQueue()
      if (!request) break
      thread.assign(request)
    }
    if (thread.load > 0) return

    const [request] = this.#behindOthers(1)
    if (request) thread.assign(request)
    else this.#idle.push(thread)
  }

  #nextInQueue(): PoolRequest | undefined {
    for (;;) {
      const request = this.#queue.shift()
      // Whose client has left meanwhile is never started.
      if (!request?.isOver) return request
    }
  }

  #behindOthers(most: number): PoolRequest[] {
    for (const thread of this.#threads) {
      const taken = thread.load > 1 ? thread.takeBack(most) : []
      if (taken.length > 0) return taken
    }
    return []
  }

  #retire(thread: PoolThread): void {
    thread.retiring = true
    this.#queue.unshift(...thread.takeBack(Infinity))
    if (thread.load === 0) thread.stop()
  }

  #failToLoad(thread: PoolThread, error: Error): void {
    this.#loadError = error
    thread.retiring = true
    this.#started.reject(error)
    this.#log.error({ err: error }, 'a thread could not load its app')
    this.#rest()
    thread.stop()
    const canServe = [...this.#threads].some(({ ready }) => ready)
    if (!canServe) for (const request of this.#queue.splice(0)) request.fail(error)
  }

  #crashed(thread: PoolThread, cause: Error): void {
    const { current } = thread
    const crash = new ThreadCrashed(`the thread ended: ${cause.message}`, { cause })
    this.#log.error({ err: cause }, 'a thread ended by itself')
    current?.fail(crash)
    this.#rest()
    if (thread.served > 0 || thread.ready || current) return
    // It ended while it loaded: nobody will say that it has.
    this.#loading -= 1
    this.#loadError = crash
    this.#started.reject(crash)
  }

  // Crashes in a row are answered with patience: the app may be waiting for something that is down.
  #rest(): void {
    this.#crashes += 1
    if (this.#crashes < 3 || this.#resting) return
    this.#resting = true
    setTimeout(
      () => {
        this.#resting = false
        if (!this.#closed) this.#grow()
      },
      Math.min(2 ** this.#crashes * 10, MAX_REST_MS),
    ).unref()
  }

  #grow(): void {
    const { min, max } = this.#settings
    const isWanted = (): boolean =>
      this.#threads.size < min || (this.#queue.length > this.#loading && this.#threads.size < max)
    while (!this.#closed && !this.#resting && isWanted()) this.#spawn()
  }

  #spawn(): void {
    this.#loading += 1
    this.#threads.add(new PoolThread(this.#settings, this))
  }

  #tick(): void {
    const now = performance.now()
    for (const thread of this.#threads) {
      const heldMs = now - thread.turnSince
      if (thread.load === 0) this.#shrink(thread, heldMs)
      else if (heldMs >= this.#settings.timeoutMs) void this.#end(thread).catch(() => undefined)
      else if (thread.load > 1 && heldMs >= STUCK_MS) this.#relieve(thread)
    }
  }

  #shrink(thread: PoolThread, idleMs: number): void {
    if (!thread.ready || idleMs < this.#settings.idleTimeoutMs) return
    if (this.#threads.size <= this.#settings.min) return
    this.#idle = this.#idle.filter((idle) => idle !== thread)
    thread.retiring = true
    thread.stop()
  }

  #relieve(thread: PoolThread): void {
    this.#queue.unshift(...thread.takeBack(Infinity))
    for (const idle of this.#idle.splice(0)) this.#serve(idle)
    this.#grow()
  }

  // The request has had its time: what it is doing goes to the log, and its thread ends.
  async #end(thread: PoolThread): Promise<void> {
    const request = thread.current
    if (thread.retiring || !request) return
    thread.retiring = true
    const stack = await sampleStack(thread.id)
    if (thread.current !== request) return this.#spare(thread)

    const { timeoutMs } = this.#settings
    this.#log.error({ timeoutMs, stack }, 'a request took too long; its thread is ended')
    request.fail(new AppTimeout(`the app took longer than ${timeoutMs} ms`))
    thread.stop()
  }

  // It finished while we looked.
  #spare(thread: PoolThread): void {
    thread.retiring = false
    this.#serve(thread)
  }
}

function hasRoomAhead(thread: PoolThread, now: number): boolean {
  if (!thread.ready || thread.retiring || thread.averageMs > QUICK_MS) return false
  if (thread.load > 0 && now - thread.turnSince > STUCK_MS) return false
  return thread.load < Math.min(MAX_AHEAD, AHEAD_MS / thread.averageMs)
}
