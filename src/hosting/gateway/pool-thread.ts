// One thread of a pool, from the side of the pool: what it has to do, what it says, and how it ends.

import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { AppError } from '../../errors.ts'
import { AnswerRing } from '../protocol/answer-ring.ts'
import { fromCells, toCells } from '../protocol/cells.ts'
import { Doorbell } from '../protocol/doorbell.ts'
import { SentState } from './sent-state.ts'
import type { ResourceLimits } from 'node:worker_threads'
import type { Cells } from '../protocol/cells.ts'
import type { ThreadData, ThreadTarget } from '../protocol/thread-data.ts'
import type {
  FromHost,
  LoadedMessage,
  LogMessage,
  ToHost,
  WornMessage,
} from '../protocol/messages.ts'
import type { GatewayRequest } from './request.ts'

/** Behind a request that takes longer, nobody waits for this thread where there is another. */
export const STUCK_MS = 5

/** So many messages go at once, also in the middle of a turn. */
const BATCH = 8

/** What of the pool's options concerns one thread. */
export interface ThreadSettings {
  target: ThreadTarget
  multiprocess: boolean
  nice: number
  timeoutMs: number
  resourceLimits: ResourceLimits | undefined
  env: NodeJS.ProcessEnv | undefined
}

/** What a thread reports to its pool. */
export interface ThreadEvents {
  onLoaded(thread: PoolThread, message: LoadedMessage): void
  onLog(message: LogMessage): void
  /** Requests have left too much behind in it. */
  onWorn(thread: PoolThread, message: WornMessage): void
  /** A request is over and its slot is free. */
  onDone(thread: PoolThread): void
  /** The thread is gone; `cause` is why, undefined after {@link PoolThread.stop}. */
  onExit(thread: PoolThread, cause: Error | undefined): void
}

interface Assigned {
  request: GatewayRequest
  /** Its number in the order of the thread; null for a nested one, which has no turn. */
  count: number | null
}

/** Owns one worker. Requests run in the order in which they were assigned. */
export class PoolThread {
  /** The app is loaded. */
  ready = false
  /** Whether loading has ended, well or badly. */
  settled = false
  /** Its request has had its time: the end of the thread is under way. */
  ending = false
  /** No request is to be assigned any more. */
  retiring = false
  /** It is to be replaced when it is free. */
  worn = false
  /** Requests that it has finished. */
  served = 0
  /** A moving average of how long a request has it to itself, in ms; Infinity before the first one. */
  averageMs: number = Infinity
  /** When the request that it is at got its turn, else when it began to wait, by `performance.now()`. */
  turnSince: number = performance.now()
  readonly #worker: Worker
  readonly #bell = new Doorbell()
  readonly #answers = new AnswerRing()
  readonly #state = new SentState()
  readonly #events: ThreadEvents
  readonly #timeoutMs: number
  readonly #assigned: Assigned[] = []
  #count = 0
  // Behind the last number that was taken back.
  #takenBack = 0
  #outbox: ToHost[] = []
  #flushing: NodeJS.Immediate | undefined
  #error: Error | undefined
  #stopped = false

  constructor(settings: ThreadSettings, events: ThreadEvents) {
    const { target, multiprocess, nice } = settings
    const { memory: bell } = this.#bell
    const data: ThreadData = { target, multiprocess, nice, bell, answers: this.#answers.memory }
    this.#events = events
    this.#timeoutMs = settings.timeoutMs
    this.#worker = new Worker(BOOT, {
      eval: true,
      name: 'isthmus',
      workerData: { ...data, boot: boot() },
      ...(settings.env && { env: settings.env }),
      ...(settings.resourceLimits && { resourceLimits: settings.resourceLimits }),
    })
    // A pool that nobody needs does not hold the process.
    this.#worker.unref()
    this.#worker.on('message', (cells: Cells) => {
      for (const message of fromCells<FromHost>(cells)) this.#onMessage(message)
      this.#takeAnswers()
    })
    this.#worker.on('error', (error: Error) => {
      this.#error = error
    })
    this.#worker.on('exit', (status) => this.#onExit(status))
  }

  /** As node names it, in logs and to the inspector. */
  get id(): number {
    return this.#worker.threadId
  }

  /** Requests that it has, the one that it is at included. */
  get load(): number {
    return this.#assigned.length
  }

  /** It can have no further one, until it has passed some that were taken back. */
  get isFull(): boolean {
    return this.#bell.isFull(this.#count)
  }

  /** It has not even passed what was taken back from it: something that a request has left behind holds it. */
  get isAway(): boolean {
    return this.#bell.turn < this.#takenBack && performance.now() - this.turnSince >= STUCK_MS
  }

  /** The request that it is at. */
  get current(): GatewayRequest | undefined {
    return this.#assigned[0]?.request
  }

  assign(request: GatewayRequest): void {
    const count = this.#count++
    this.#bell.offer(count)
    if (this.#assigned.length === 0) this.turnSince = performance.now()
    this.#assigned.push({ request, count })
    this.#dispatch(request, null)
  }

  /** Runs `request` at once, in the slot of the request `nestedIn`, which waits for the answer to a call. */
  assignNested(request: GatewayRequest, nestedIn: number): void {
    this.#assigned.push({ request, count: null })
    this.#dispatch(request, nestedIn)
  }

  /** Whether it has the request with this `id`. */
  has(id: number): boolean {
    return this.#find(id) !== undefined
  }

  #dispatch(request: GatewayRequest, nestedIn: number | null): void {
    const deadline = Number.isFinite(this.#timeoutMs) ? Date.now() + this.#timeoutMs : undefined
    request.dispatch({ post: this.#post, state: this.#state, deadline, nestedIn })
  }

  /** Takes back what has not begun, at most `most` of the last ones, in their order. */
  takeBack(most: number): GatewayRequest[] {
    const taken: GatewayRequest[] = []
    for (let at = this.#assigned.length - 1; at >= 0 && taken.length < most; at -= 1) {
      const { count, request } = this.#assigned[at] as Assigned
      // A nested one has no turn: it runs, or waits for the one that it is nested in.
      if (count === null) continue
      if (!this.#bell.takeBack(count)) break
      this.#takenBack = Math.max(this.#takenBack, count + 1)
      this.#assigned.splice(at, 1)
      taken.unshift(request)
    }
    return taken
  }

  // Sends with everything else of this turn of the event loop, since every message may be a wake-up; only not so many
  // that the thread has nothing to do for as long as the loop goes on reading.
  readonly #post = (message: ToHost): void => {
    this.#outbox.push(message)
    if (this.#outbox.length >= BATCH) this.#flush()
    else this.#flushing ??= setImmediate(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#flushing = undefined
    if (this.#outbox.length > 0) this.#flush()
  }

  /** Fails every request that it still has. */
  failAll(error: Error): void {
    for (const { request } of this.#assigned) request.fail(error)
  }

  /** Ends the worker, whatever it is doing. */
  stop(): void {
    this.#stopped = true
    void this.#worker.terminate().catch(() => undefined)
  }

  #flush(): void {
    const batch = this.#outbox
    this.#outbox = []
    try {
      this.#worker.postMessage(toCells(batch))
      this.#bell.ring()
    } catch (error) {
      this.#giveUp(new AppError('a request cannot cross into its thread', { cause: error }))
    }
  }

  // Middleware has put into a scope what cannot cross. Which request it was, nobody knows: the batch is lost.
  #giveUp(error: AppError): void {
    this.failAll(error)
    this.#error = error
    void this.#worker.terminate().catch(() => undefined)
  }

  #takeAnswers(): void {
    const answers = this.#answers
    answers.listen()
    const now = performance.now()
    for (let answer = answers.take(); answer; answer = answers.take()) {
      const { id, head, chunk, tookMs } = answer
      this.#find(id)?.take({ type: 'part', id, head, chunk, end: true })
      this.#onDone(id, tookMs, now)
    }
  }

  #find(id: number): GatewayRequest | undefined {
    return this.#assigned.find(({ request }) => request.id === id)?.request
  }

  #onMessage(message: FromHost): void {
    switch (message.type) {
      case 'loaded':
        this.settled = true
        this.ready = message.error === null
        return this.#events.onLoaded(this, message)
      case 'log':
        return this.#events.onLog(message)
      case 'worn':
        return this.#events.onWorn(this, message)
      case 'done':
        return this.#onDone(message.id, message.tookMs, performance.now())
      default:
        this.#find(message.id)?.take(message)
    }
  }

  #onDone(id: number, tookMs: number, now: number): void {
    const done = this.#unassign(id)
    // A nested one has run in the turn of another, which goes on.
    if (!done || done.count === null) return
    this.served += 1
    this.turnSince = now
    this.averageMs = this.averageMs === Infinity ? tookMs : this.averageMs * 0.8 + tookMs * 0.2
    this.#events.onDone(this)
  }

  // The first one, but for nested ones.
  #unassign(id: number): Assigned | undefined {
    if (this.#assigned[0]?.request.id === id) return this.#assigned.shift()
    const at = this.#assigned.findIndex(({ request }) => request.id === id)
    return at < 0 ? undefined : this.#assigned.splice(at, 1)[0]
  }

  #onExit(status: number): void {
    clearImmediate(this.#flushing)
    this.#takeAnswers()
    this.ready = false
    this.retiring = true
    const cause = this.#error ?? new Error(`the thread ended with status ${status}`)
    this.#events.onExit(this, this.#stopped ? undefined : cause)
  }
}

// A thread does not load TypeScript by itself, and so not our own sources; the app's are importExports()'s.
const BOOT = `
  const { workerData: { boot } } = require('node:worker_threads')
  ;(async () => {
    if (boot.tsx) (await import(boot.tsx)).register()
    await import(boot.entry)
  })()
`

function boot(): { entry: string; tsx: string | undefined } {
  const isSource = import.meta.url.endsWith('.ts')
  const entry = new URL(isSource ? '../thread/worker.ts' : '../thread/worker.js', import.meta.url)
    .href
  return { entry, tsx: isSource ? import.meta.resolve('tsx/esm/api') : undefined }
}
