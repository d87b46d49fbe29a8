// One request on the side of the app: blocking reads, blocking writes, and the run between them.

import { AsyncResource } from 'node:async_hooks'
import { ClientDisconnectedError, WouldDeadlockError } from '../../errors.ts'
import { localEnd } from '../../http/local-end.ts'
import { chunkBytes } from '../../sync/chunk.ts'
import { SyncRun } from '../../sync/run.ts'
import { contentAfterAnswer } from '../../sync/start-call.ts'
import { Input } from '../../sync/input.ts'
import { scopeToEnviron } from '../../bridge/scope-to-environ.ts'
import { runInContext } from '../../bridge/request-context.ts'
import { toErrorData, fromErrorData } from '../protocol/error-data.ts'
import { ThreadRequestBody } from './request-body.ts'
import { ThreadExchangeContext } from './exchange-context.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { callsBelow, runAs } from './call-stack.ts'
import { NO_EXTENSIONS, scopeOf } from '../protocol/scope-data.ts'
import type { Ending } from '../../async/exchange-context.ts'
import type { Channels } from '../../contract/channels.ts'
import type { Chunk, Environ, ErrorStream, SyncApp } from '../../contract/environ.ts'
import type { ReceiveEvent, ResponseEnd } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { BlockingSocket } from './blocking-socket.ts'
import type { Wires } from './gateway-link.ts'
import type { Caller } from './call-stack.ts'
import type {
  AnswerMessage,
  BodyMessage,
  CancelMessage,
  CreditMessage,
  EventMessage,
  RequestMessage,
  WarnMessage,
} from '../protocol/messages.ts'

/** The facts about the host that every environ has. */
export interface HostSettings {
  multiprocess: boolean
  errors: ErrorStream
}

/** The things of the host that a request needs. */
interface Hosted {
  app: SyncApp
  state: Readonly<Record<string, unknown>>
  channels: Channels | undefined
  wires: Wires
  log: Log
  settings: HostSettings
  /** The WebSocket of the request; undefined if the request is no handshake. */
  socket: BlockingSocket | undefined
}

type Continuation =
  | EventMessage<ReceiveEvent>
  | BodyMessage
  | CreditMessage
  | CancelMessage
  | WarnMessage
  | AnswerMessage

/** Made when the request arrives, so that later messages have a place to wait. Runs once. */
export class ThreadRequest implements Caller, Ending {
  readonly id: number
  readonly wires: Wires
  readonly body: ThreadRequestBody
  readonly input: Input
  readonly carried: Carried
  readonly calls: Caller['calls'] = new Map()
  readonly #message: RequestMessage
  readonly #hosted: Hosted
  readonly #context: ThreadExchangeContext
  #unacknowledgedBytes = 0
  #isHeadSent = false
  #cancelled: Error | undefined
  #run: SyncRun | undefined
  #failure: unknown
  /** The bytes of the body so far; null if they were not counted from the first one on. */
  #sentBytes: number | null = 0

  constructor(message: RequestMessage, hosted: Hosted) {
    this.id = message.id
    this.carried = message.context.carried
    this.wires = hosted.wires
    this.#message = message
    this.#hosted = hosted
    this.#context = new ThreadExchangeContext(message.environ, hosted.log, hosted.wires)
    this.body = new ThreadRequestBody(message, hosted.wires)
    this.input = new Input(this.body)
  }

  /** Takes a message that follows the request. */
  take(message: Continuation): void {
    switch (message.type) {
      case 'body':
        return this.body.push(message)
      case 'credit':
        return this.#credited(message.bytes)
      case 'warn':
        return this.#context.abort(fromErrorData(message.error))
      case 'cancel':
        return this.#cancel(fromErrorData(message.error))
      case 'event':
        return this.#tookEvent(message.event)
      case 'answer':
        return this.calls.get(message.message.id)?.take(message)
    }
  }

  /** Runs the app to its end. Never throws: the gateway gets the error as a message. */
  run(): void {
    const since = performance.now()
    if (!this.#cancelled) this.#inContext(() => this.#serve())
    const { link } = this.wires
    link.post({ type: 'done', id: this.id, tookMs: performance.now() - since })
    link.flush()
  }

  /** Fails the request without running the app. */
  refuse(error: Error): void {
    this.#fail(error)
    this.#cancelled = error
  }

  /** Throws the error with which the gateway has cancelled the request, if it has. */
  refuseCancelled(): void {
    if (this.#cancelled) throw this.#cancelled
  }

  #credited(bytes: number): void {
    const { socket } = this.#hosted
    if (socket?.isAnswered) socket.credit(bytes)
    else this.#unacknowledgedBytes -= bytes
  }

  #cancel(error: Error): void {
    const { socket } = this.#hosted
    const isAnswered = socket?.isAnswered ?? false
    socket?.end(1006)
    // The app of an open WebSocket learns it from the socket, and may still call other apps.
    if (isAnswered) return this.#context.cancel(error)
    this.#cancelled = error
    this.body.fail(error)
    this.#context.cancel(error)
  }

  #tookEvent(event: ReceiveEvent): void {
    const { socket } = this.#hosted
    if (!socket?.take(event)) return
    if (socket.isAnswered) this.#context.disconnect()
    else this.#cancel(new ClientDisconnectedError())
  }

  // An async resource for each request: the effect of enterWith() in the app ends with the request.
  #inContext(work: () => void): void {
    const resource = new AsyncResource('isthmus.ThreadRequest')
    resource.runInAsyncScope(() => runInContext(this.#message.context, () => runAs(this, work)))
  }

  #serve(): void {
    let run: SyncRun | undefined
    let failure: unknown
    try {
      run = this.#start()
      this.#sendAll(run)
    } catch (error) {
      failure = error
      this.#fail(error)
    }
    // The client gets the response before the work that the app does in close().
    if (!Array.isArray(run?.body)) this.wires.link.flush()
    this.#close(run, failure)
  }

  #start(): SyncRun {
    const { socket } = this.#hosted
    const run: SyncRun = new SyncRun(this.#hosted.app, this.#environ(), {
      warn: (message, cause) => this.#context.log.warn({ err: cause }, message),
      onWrite: (chunk) => this.#send(run, chunk, false),
      isAnswered: socket && (() => socket.isAnswered),
    })
    return run
  }

  #sendAll(run: SyncRun): void {
    do this.#send(run, run.pull(), run.ended)
    while (!run.ended)
  }

  /** The end in the view of this thread: the gateway, and its client, may see another one. */
  get end(): ResponseEnd {
    const response = this.#run?.response
    const status = (response?.committed && response.head?.status) || null
    const { method } = this.#message.scope
    const end = localEnd({ method, status, bytes: this.#sentBytes, error: this.#failure })
    return this.#hosted.socket?.endOf(end) ?? end
  }

  #close(run: SyncRun | undefined, failure: unknown): void {
    try {
      run?.close(failure)
    } catch (error) {
      this.#context.log.error({ err: error }, 'the end of a request failed')
    }
    this.#run = run
    this.#failure = failure
    this.#hosted.socket?.end(failure === undefined ? 1000 : 1011)
    this.#context.finish(this)
    for (const call of this.calls.values()) call.abandon()
  }

  #fail(error: unknown): void {
    this.wires.link.post({ type: 'failure', id: this.id, error: toErrorData(error) })
  }

  // A part leaves at once, unless it is the last one: the next part may take long.
  #send(run: SyncRun, chunk: Chunk | null, end: boolean): void {
    this.wires.poll()
    this.refuseCancelled()
    const { socket } = this.#hosted
    if (socket?.isAnswered) return refuseContent(chunk)
    const head =
      this.#isHeadSent || !run.head ? null : { status: run.head.status, headers: run.head.headers }
    this.#isHeadSent = true
    if (head) socket?.deny(head.status, head.headers)

    const { link } = this.wires
    const sent = chunk === null ? null : ownBytes(end ? chunk : counted(chunk))
    if (chunk !== null) this.#count(chunk)
    link.post({ type: 'part', id: this.id, head, chunk: sent, end })
    if (end) return
    link.flush()
    this.#unacknowledgedBytes += sent?.length ?? 0
    this.#awaitCredit()
  }

  // Without a listener the bytes of a text are not worth a count.
  #count(chunk: Chunk): void {
    const counted = this.#context.hasEndListeners ? this.#sentBytes : null
    this.#sentBytes = counted === null ? null : counted + chunkBytes(chunk)
  }

  #awaitCredit(): void {
    while (this.#unacknowledgedBytes > this.#message.responseWindow) {
      for (const call of callsBelow()) if (!call.makeRoom()) throw tooMuchBelow()
      this.wires.block()
      this.refuseCancelled()
    }
  }

  #environ(): Environ {
    const { state, settings, channels, socket } = this.#hosted
    const context = this.#context
    const own = { state: { ...state }, extensions: NO_EXTENSIONS, context, channels }
    const scope = scopeOf(this.#message.scope, own)
    const environ = scopeToEnviron(scope, this.input)
    environ['wsgi.errors'] = settings.errors
    environ['wsgi.multiprocess'] = settings.multiprocess
    if (socket) environ['wsgi.websocket'] = socket
    return environ
  }
}

// Credit comes in bytes: the length of a text that is not ASCII is another number.
function counted(chunk: Chunk): Chunk {
  return typeof chunk === 'string' && chunkBytes(chunk) !== chunk.length
    ? Buffer.from(chunk)
    : chunk
}

function refuseContent(chunk: Chunk | null): void {
  if (chunk !== null) throw contentAfterAnswer()
}

function tooMuchBelow(): WouldDeadlockError {
  return new WouldDeadlockError(
    'a nested request answers more than 16 MiB through the very call that it runs inside of; let the called app take the answer, or give it a pool of its own',
  )
}
