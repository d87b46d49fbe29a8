// The way to one thread: its worker, the memory that it shares with the pool, and the messages in both directions.

import { performance } from 'node:perf_hooks'
import { AppError } from '../../errors.ts'
import { AnswerRing } from '../protocol/answer-ring.ts'
import { fromCells, toCells } from '../protocol/cells.ts'
import { Doorbell } from '../protocol/doorbell.ts'
import { SentState } from './sent-state.ts'
import { startWorker } from './start-worker.ts'
import type { ResourceLimits, Worker } from 'node:worker_threads'
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
import type { Host } from './scheduler/host.ts'
import type { HostPort } from './scheduler/host-port.ts'

/** So many messages leave together at once, even in the middle of a turn of the event loop. */
const BATCH = 8

/** The options of a pool that concern one thread. */
export interface ThreadSettings {
  target: ThreadTarget
  multiprocess: boolean
  nice: number
  timeoutMs: number
  resourceLimits: ResourceLimits | undefined
  env: NodeJS.ProcessEnv | undefined
}

type ThreadHost = Host<GatewayRequest>

/** The reports of a thread to its pool. */
export interface ThreadEvents {
  onLoaded(host: ThreadHost, message: LoadedMessage): void
  onLog(message: LogMessage): void
  /** Requests have left too many timers or sockets open in the thread. */
  onWorn(host: ThreadHost, message: WornMessage): void
  /** The request with this `id` is over. */
  onDone(host: ThreadHost, id: number, tookMs: number, now: number): void
  /** The thread is gone. `cause` is the reason; undefined after {@link ThreadPort.stop}. */
  onExit(host: ThreadHost, cause: Error | undefined): void
}

/** Owns one worker. The pool stops it. */
export class ThreadPort implements HostPort<GatewayRequest> {
  readonly #host: ThreadHost
  readonly #events: ThreadEvents
  readonly #timeoutMs: number
  readonly #worker: Worker
  readonly #bell = new Doorbell()
  readonly #answers = new AnswerRing()
  readonly #state = new SentState()
  #outbox: ToHost[] = []
  #flushing: NodeJS.Immediate | undefined
  #error: Error | undefined
  #isStopped = false

  /** @throws the error of the system that has no thread to give */
  constructor(settings: ThreadSettings, host: ThreadHost, events: ThreadEvents) {
    const { target, multiprocess, nice, env, resourceLimits } = settings
    const { memory: bell } = this.#bell
    const data: ThreadData = { target, multiprocess, nice, bell, answers: this.#answers.memory }
    this.#host = host
    this.#events = events
    this.#timeoutMs = settings.timeoutMs
    this.#worker = startWorker({
      name: 'isthmus',
      workerData: data,
      ...(env && { env }),
      ...(resourceLimits && { resourceLimits }),
    })
    // An idle pool does not keep the process.
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

  /** The number that Node gives the thread, for logs and for the inspector; -1 after its end. */
  get threadId(): number {
    return this.#worker.threadId
  }

  get reached(): number {
    return this.#bell.turn
  }

  isFull(turn: number): boolean {
    return this.#bell.isFull(turn)
  }

  assign(request: GatewayRequest, turn: number): void {
    this.#bell.offer(turn)
    this.#dispatch(request, null)
  }

  assignNested(request: GatewayRequest, holder: number): void {
    this.#dispatch(request, holder)
  }

  takeBack(turn: number): boolean {
    return this.#bell.takeBack(turn)
  }

  /** Ends the worker, even if it runs code. */
  stop(): void {
    this.#isStopped = true
    void this.#worker.terminate().catch(() => undefined)
  }

  #dispatch(request: GatewayRequest, nestedIn: number | null): void {
    const deadline = Number.isFinite(this.#timeoutMs) ? Date.now() + this.#timeoutMs : undefined
    request.dispatch({ post: this.#post, state: this.#state, deadline, nestedIn })
  }

  // Messages of one turn of the event loop leave together, since every batch may be a wake-up. Some leave in the middle
  // of a long turn, so that the thread is not idle until its end.
  readonly #post = (message: ToHost): void => {
    this.#outbox.push(message)
    if (this.#outbox.length >= BATCH) this.#flush()
    else this.#flushing ??= setImmediate(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#flushing = undefined
    if (this.#outbox.length > 0) this.#flush()
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

  // Middleware has put a value into a scope that cannot be cloned. The error does not say which request it was, so the
  // whole batch is lost.
  #giveUp(error: AppError): void {
    this.#host.failAll(error)
    this.#error = error
    void this.#worker.terminate().catch(() => undefined)
  }

  #takeAnswers(): void {
    const answers = this.#answers
    answers.listen()
    const now = performance.now()
    for (let answer = answers.take(); answer; answer = answers.take()) {
      const { id, head, chunk, tookMs } = answer
      this.#host.find(id)?.take({ type: 'part', id, head, chunk, end: true })
      this.#events.onDone(this.#host, id, tookMs, now)
    }
  }

  #onMessage(message: FromHost): void {
    switch (message.type) {
      case 'loaded':
        return this.#events.onLoaded(this.#host, message)
      case 'log':
        return this.#events.onLog(message)
      case 'worn':
        return this.#events.onWorn(this.#host, message)
      case 'done':
        return this.#events.onDone(this.#host, message.id, message.tookMs, performance.now())
      default:
        this.#host.find(message.id)?.take(message)
    }
  }

  #onExit(status: number): void {
    clearImmediate(this.#flushing)
    this.#takeAnswers()
    const cause = this.#error ?? new Error(`the thread ended with status ${status}`)
    this.#events.onExit(this.#host, this.#isStopped ? undefined : cause)
  }
}
