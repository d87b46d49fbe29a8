// The way to one thread: its worker, the memory that it shares with the pool, and the messages in both directions.

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { performance } from 'node:perf_hooks'
import { AppError } from '../../errors.ts'
import { AnswerRing } from '../protocol/answer-ring.ts'
import { toCells } from '../protocol/cells.ts'
import { Doorbell } from '../protocol/doorbell.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { refusedRequest } from './refused-request.ts'
import { SentState } from './sent-state.ts'
import { startWorker } from './start-worker.ts'
import { ThreadInbox } from './thread-inbox.ts'
import type { MessagePort, ResourceLimits, Worker } from 'node:worker_threads'
import type { ThreadData, ThreadTarget } from '../protocol/thread-data.ts'
import type {
  FromHost,
  LoadedMessage,
  LogMessage,
  PartMessage,
  ToHost,
  WornMessage,
} from '../protocol/messages.ts'
import type { GatewayRequest } from './request.ts'
import type { Host } from './scheduler/host.ts'
import type { HostPort } from './scheduler/host-port.ts'
import type { InboxOwner } from './thread-inbox.ts'

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
export class ThreadPort implements HostPort<GatewayRequest>, InboxOwner {
  readonly #host: ThreadHost
  readonly #events: ThreadEvents
  readonly #timeoutMs: number
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #bell = new Doorbell()
  readonly #inbox: ThreadInbox
  readonly #state = new SentState()
  #outbox: ToHost[] = []
  #flushing: NodeJS.Immediate | undefined
  #error: Error | undefined
  #isStopped = false
  #isBroken = false

  /** @throws the error of the system that has no thread to give */
  constructor(settings: ThreadSettings, host: ThreadHost, events: ThreadEvents) {
    this.#host = host
    this.#events = events
    this.#timeoutMs = settings.timeoutMs
    const answers = new AnswerRing()
    this.#inbox = new ThreadInbox(answers, this)
    // Not the port that a worker has anyway: code of the app may write into that one.
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = started(settings, {
      port: port2,
      bell: this.#bell.memory,
      answers: answers.memory,
    })
    this.#listen()
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

  #listen(): void {
    const [worker, port] = [this.#worker, this.#port]
    port.on('message', (batch: unknown) => this.#take(batch))
    port.on('messageerror', (error: Error) => this.#breakOff(error))
    worker.once('message', () => this.#onForeignMessage())
    worker.on('error', (error: unknown) => {
      this.#error ??= asError(error)
    })
    worker.on('exit', (status) => this.#onExit(status))
    // An idle pool does not keep the process.
    worker.unref()
    port.unref()
  }

  #dispatch(request: GatewayRequest, nestedIn: number | null): void {
    const deadline = Number.isFinite(this.#timeoutMs) ? Date.now() + this.#timeoutMs : undefined
    try {
      request.dispatch({ post: this.#post, state: this.#state, deadline, nestedIn })
    } catch (error) {
      // The scope has a getter that throws, for example.
      const refusal = cannotCross(error)
      for (const message of refusedRequest(request.id, nestedIn, refusal)) this.#post(message)
      request.fail(refusal)
    }
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
      this.#port.postMessage(toCells(batch))
    } catch {
      for (const message of batch) this.#sendAlone(message)
    }
    this.#bell.ring()
  }

  // Middleware has put a value into a scope or a body that cannot be cloned. Only its own request fails.
  #sendAlone(message: ToHost): void {
    try {
      this.#port.postMessage(toCells([message]))
    } catch (error) {
      const refusal = cannotCross(error)
      if (message.type === 'request') {
        this.#port.postMessage(toCells(refusedRequest(message.id, message.nestedIn, refusal)))
      }
      if ('id' in message) this.#host.find(message.id)?.cancel(refusal)
    }
  }

  // The event loop serves all threads: an error here would end the server.
  #take(batch: unknown): void {
    if (this.#isBroken) return
    try {
      this.#inbox.take(batch)
    } catch (error) {
      this.#breakOff(error)
    }
  }

  #breakOff(cause: unknown): void {
    this.#isBroken = true
    this.#error ??= new Error('the thread has broken the protocol of its pool', { cause })
    void this.#worker.terminate().catch(() => undefined)
  }

  #onForeignMessage(): void {
    const message = 'the app has sent a message on parentPort: a pool does not listen there'
    this.#events.onLog({ type: 'log', level: 'warn', fields: {}, error: null, message })
  }

  onPart(part: PartMessage): void {
    this.#host.find(part.id)?.take(part)
  }

  onDone(id: number, tookMs: number, now: number): void {
    this.#events.onDone(this.#host, id, tookMs, now)
  }

  onMessage(message: FromHost): void {
    switch (message.type) {
      case 'loaded':
        return this.#events.onLoaded(this.#host, message)
      case 'log':
        return this.#events.onLog(message)
      case 'worn':
        return this.#events.onWorn(this.#host, message)
      case 'done':
        return this.onDone(message.id, message.tookMs, performance.now())
      default:
        this.#host.find(message.id)?.take(message)
    }
  }

  #onExit(status: number): void {
    clearImmediate(this.#flushing)
    this.#takeRest()
    this.#port.close()
    const cause = this.#error ?? new Error(`the thread ended with status ${status}`)
    this.#events.onExit(this.#host, this.#isStopped ? undefined : cause)
  }

  // The end of the worker is reported before messages that are in the port.
  #takeRest(): void {
    for (let rest = this.#nextBatch(); rest; rest = this.#nextBatch()) this.#take(rest.message)
    if (this.#isBroken) return
    try {
      this.#inbox.takeRest()
    } catch (cause) {
      this.#breakOff(cause)
    }
  }

  #nextBatch(): { message: unknown } | undefined {
    return receiveMessageOnPort(this.#port)
  }
}

function started(
  settings: ThreadSettings,
  own: Pick<ThreadData, 'port' | 'bell' | 'answers'>,
): Worker {
  const { target, multiprocess, nice, env, resourceLimits } = settings
  const data: ThreadData = { target, multiprocess, nice, ...own }
  try {
    return startWorker({
      name: 'isthmus',
      workerData: data,
      transferList: [own.port],
      ...(env && { env }),
      ...(resourceLimits && { resourceLimits }),
    })
  } catch (error) {
    own.port.close()
    throw error
  }
}

// Code may throw a value of any type.
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : fromErrorData(toErrorData(thrown))
}

function cannotCross(cause: unknown): AppError {
  return new AppError('a request cannot cross into its thread', { cause })
}
