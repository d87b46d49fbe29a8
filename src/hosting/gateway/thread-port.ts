// The way to one thread: its worker, the memory that it shares with the pool, and the messages in both directions.

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { performance } from 'node:perf_hooks'
import { deferred } from '../../waiting/deferred.ts'
import { AnswerRing } from '../protocol/answer-ring.ts'
import { Doorbell } from '../protocol/doorbell.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { cannotCross, refusedRequest } from './refused-request.ts'
import { HostRelays } from './host-relays.ts'
import { SentExtensions } from './sent-extensions.ts'
import { SentState } from './sent-state.ts'
import { sampleStack } from './stack-sample.ts'
import { startWorker } from './start-worker.ts'
import { publishEnd, publishStart } from './thread-channels.ts'
import { ThreadInbox } from './thread-inbox.ts'
import { ThreadOutbox } from './thread-outbox.ts'
import type { MessagePort, ResourceLimits, Worker } from 'node:worker_threads'
import type { Channels } from '../../contract/channels.ts'
import type { ThreadData, ThreadTarget } from '../protocol/thread-data.ts'
import type { FromHost, PartMessage } from '../protocol/messages.ts'
import type { EndReason, HostEvents, OwnedPort, PoolHost } from './host-kind.ts'
import type { PoolRequest } from './pool-request.ts'
import type { ThreadStart } from './thread-channels.ts'
import type { InboxOwner } from './thread-inbox.ts'
import type { OutboxOwner } from './thread-outbox.ts'

/** The time for the end of the app's lifespan in a thread, and for the thread to end after its last requests, in ms. */
const SHUTDOWN_MS = 10_000
const STOP_MS = 20_000
/** A thread that is told to end, and whose event loop does not turn for this time, does not hear it. */
const STANDSTILL_MS = 1_000

/** The options of a pool that concern one thread. */
export interface ThreadSettings {
  target: ThreadTarget
  multiprocess: boolean
  nice: number
  timeoutMs: number
  resourceLimits: ResourceLimits | undefined
  env: NodeJS.ProcessEnv | undefined
  /** The channels for code outside of requests. */
  channels?: Channels | undefined
}

/** Owns one worker. The pool stops it. */
export class ThreadPort implements OwnedPort, InboxOwner, OutboxOwner {
  readonly #host: PoolHost
  readonly #events: HostEvents
  readonly #timeoutMs: number
  readonly #worker: Worker
  readonly #start: ThreadStart
  readonly #port: MessagePort
  readonly #bell = new Doorbell()
  readonly #inbox: ThreadInbox
  readonly #outbox: ThreadOutbox
  readonly #sent = {
    state: new SentState(),
    channels: new HostRelays((message) => this.#outbox.post(message)),
    http: new SentExtensions(),
    websocket: new SentExtensions(),
  }
  #error: Error | undefined
  readonly #stopped = deferred()
  #timer: NodeJS.Timeout | undefined
  #isLoaded = false
  #isStopped = false
  #isBroken = false

  /** @throws the error of the system that has no thread to give */
  constructor(settings: ThreadSettings, host: PoolHost, events: HostEvents) {
    this.#host = host
    this.#events = events
    this.#timeoutMs = settings.timeoutMs
    const answers = new AnswerRing()
    this.#inbox = new ThreadInbox(answers, this)
    // Not the port that a worker has anyway: code of the app may write into that one.
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#outbox = new ThreadOutbox(port1, this.#bell, this)
    this.#worker = started(settings, {
      port: port2,
      bell: this.#bell.memory,
      answers: answers.memory,
      channels: this.#sent.channels.start(settings.channels),
    })
    const { url, exportName } = settings.target
    this.#start = { threadId: this.#worker.threadId, url, export: exportName }
    this.#listen()
    publishStart(this.#start)
  }

  sampleStack(): Promise<string | undefined> {
    return sampleStack(this.#worker.threadId)
  }

  publishEnd(reason: EndReason, error: Error | undefined): void {
    publishEnd({ ...this.#start, reason, error })
  }

  get reached(): number {
    return this.#bell.turn
  }

  get steps(): number {
    return this.#bell.steps
  }

  isFull(turn: number): boolean {
    return this.#bell.isFull(turn)
  }

  assign(request: PoolRequest, turn: number): void {
    this.#bell.offer(turn)
    this.#dispatch(request, null)
  }

  assignNested(request: PoolRequest, holder: number): void {
    this.#dispatch(request, holder)
  }

  takeBack(turn: number): boolean {
    return this.#bell.takeBack(turn)
  }

  ask(now: number): void {
    this.#outbox.ask(now)
  }

  waitedMs(now: number): number {
    return this.#outbox.waitedMs(now)
  }

  stopSoon(): Promise<void> {
    if (!this.#isLoaded) this.stop()
    if (this.#isStopped) return this.#stopped.promise
    this.#isStopped = true
    this.#outbox.post({ type: 'stop' })
    this.#outbox.ask(performance.now())
    this.#timer = setTimeout(() => this.#stopUnlessAlive(), STANDSTILL_MS)
    return this.#stopped.promise
  }

  #stopUnlessAlive(): void {
    if (!this.#bell.hasTurned) return this.stop()
    this.#timer = setTimeout(() => this.stop(), STOP_MS)
  }

  stop(): void {
    this.#isStopped = true
    this.#stopped.resolve()
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

  #dispatch(request: PoolRequest, nestedIn: number | null): void {
    const { isSideBySide } = this
    const isTimed = !isSideBySide && Number.isFinite(this.#timeoutMs)
    const deadline = isTimed ? Date.now() + this.#timeoutMs : undefined
    const [post, sent] = [this.#outbox.post, this.#sent]
    try {
      request.dispatch({ post, sent, isSideBySide, deadline, nestedIn })
    } catch (error) {
      // The scope has a getter that throws, for example.
      const refusal = cannotCross(error)
      for (const message of refusedRequest(request.id, nestedIn, refusal)) post(message)
      request.fail(refusal)
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

  get isSideBySide(): boolean {
    return this.#host.pace.isSideBySide
  }

  onRefused(id: number, error: Error): void {
    this.#host.find(id)?.cancel(error)
  }

  onPart(part: PartMessage): void {
    this.#host.find(part.id)?.take(part)
  }

  onDone(id: number, tookMs: number, now: number): void {
    if (this.isSideBySide || this.#host.isHeld) this.#host.find(id)?.done()
    this.#events.onDone(this.#host, id, tookMs, now)
  }

  onMessage(message: FromHost): void {
    switch (message.type) {
      case 'loaded':
        this.#isLoaded = message.error === null
        return this.#events.onLoaded(this.#host, message)
      case 'log':
        return this.#events.onLog(message)
      case 'worn':
        return this.#events.onWorn(this.#host, message)
      case 'done':
        return this.onDone(message.id, message.tookMs, performance.now())
      case 'giveBack':
        return this.#events.onGivenBack(this.#host, message.id)
      case 'link':
        return this.#sent.channels.take(message)
      default:
        this.#host.find(message.id)?.take(message)
    }
  }

  #onExit(status: number): void {
    clearTimeout(this.#timer)
    this.#stopped.resolve()
    this.#outbox.close()
    this.#takeRest()
    this.#sent.channels.close()
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
  own: Pick<ThreadData, 'port' | 'bell' | 'answers' | 'channels'>,
): Worker {
  const { target, multiprocess, nice, env, resourceLimits } = settings
  const data: ThreadData = { target, multiprocess, nice, shutdownTimeoutMs: SHUTDOWN_MS, ...own }
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
