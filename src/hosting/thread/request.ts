// One request on the side of the app: blocking reads, blocking writes, and the run between them.

import { AsyncResource } from 'node:async_hooks'
import { WouldDeadlockError } from '../../errors.ts'
import { SyncRun } from '../../sync/run.ts'
import { Input } from '../../sync/input.ts'
import { scopeToEnviron } from '../../bridge/scope-to-environ.ts'
import { runInContext } from '../../bridge/request-context.ts'
import { toErrorData, fromErrorData } from '../protocol/error-data.ts'
import { ThreadRequestBody } from './request-body.ts'
import { ThreadExchangeContext } from './exchange-context.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { callsBelow, runAs } from './call-stack.ts'
import { scopeOf } from '../protocol/scope-data.ts'
import type { Chunk, Environ, ErrorStream, SyncApp } from '../../contract/environ.ts'
import type { Log } from '../../contract/log.ts'
import type { Carried } from '../../bridge/request-context.ts'
import type { Wires } from './gateway-link.ts'
import type { Caller } from './call-stack.ts'
import type {
  AnswerMessage,
  BodyMessage,
  CancelMessage,
  CreditMessage,
  RequestMessage,
  WarnMessage,
} from '../protocol/messages.ts'

/** What a host says of itself in every environ. */
export interface HostSettings {
  multiprocess: boolean
  errors: ErrorStream
}

/** What a host has for a request besides its message. */
interface Hosted {
  app: SyncApp
  state: Readonly<Record<string, unknown>>
  wires: Wires
  log: Log
  settings: HostSettings
}

type Continuation = BodyMessage | CreditMessage | CancelMessage | WarnMessage | AnswerMessage

/** Created when the request arrives, so that what follows it has somewhere to wait; runs once. */
export class ThreadRequest implements Caller {
  readonly id: number
  readonly wires: Wires
  readonly body: ThreadRequestBody
  readonly input: Input
  readonly carried: Carried
  readonly calls: Caller['calls'] = new Map()
  readonly #message: RequestMessage
  readonly #hosted: Hosted
  readonly #connection: ThreadExchangeContext
  #underWayBytes = 0
  #headSent = false
  #cancelled: Error | undefined

  constructor(message: RequestMessage, hosted: Hosted) {
    this.id = message.id
    this.carried = message.context.carried
    this.wires = hosted.wires
    this.#message = message
    this.#hosted = hosted
    this.#connection = new ThreadExchangeContext(message.environ, hosted.log, hosted.wires)
    this.body = new ThreadRequestBody(message, hosted.wires)
    this.input = new Input(this.body)
  }

  take(message: Continuation): void {
    switch (message.type) {
      case 'body':
        return this.body.push(message)
      case 'credit':
        this.#underWayBytes -= message.bytes
        return
      case 'warn':
        return this.#connection.abort(fromErrorData(message.error))
      case 'cancel':
        this.#cancelled = fromErrorData(message.error)
        this.body.fail(this.#cancelled)
        return this.#connection.cancel(this.#cancelled)
      case 'answer':
        return this.calls.get(message.message.id)?.take(message)
    }
  }

  /** Runs the app to its end. Never throws: what goes wrong is told to the gateway. */
  run(): void {
    const since = performance.now()
    if (!this.#cancelled) this.#inContext(() => this.#serve())
    const { link } = this.wires
    link.post({ type: 'done', id: this.id, tookMs: performance.now() - since })
    link.flush()
  }

  /** The app is not to run: the gateway is told why. */
  refuse(error: Error): void {
    this.#fail(error)
    this.#cancelled = error
  }

  refuseCancelled(): void {
    if (this.#cancelled) throw this.#cancelled
  }

  // A resource of its own: what an app does with enterWith() ends with the request.
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
    // The client need not wait for what the app does in close().
    if (!Array.isArray(run?.body)) this.wires.link.flush()
    this.#close(run, failure)
  }

  #start(): SyncRun {
    const run: SyncRun = new SyncRun(this.#hosted.app, this.#environ(), {
      warn: (message, cause) => this.#connection.log.warn({ err: cause }, message),
      onWrite: (chunk) => this.#send(run, chunk, false),
    })
    return run
  }

  #sendAll(run: SyncRun): void {
    do this.#send(run, run.pull(), run.ended)
    while (!run.ended)
  }

  #close(run: SyncRun | undefined, failure: unknown): void {
    try {
      run?.close(failure)
    } catch (error) {
      this.#connection.log.error({ err: error }, 'the end of a request failed')
    }
    for (const call of this.calls.values()) call.abandon()
  }

  #fail(error: unknown): void {
    this.wires.link.post({ type: 'failure', id: this.id, error: toErrorData(error) })
  }

  // What is not the end leaves at once: the app may take its time for what comes next.
  #send(run: SyncRun, chunk: Chunk | null, end: boolean): void {
    this.wires.poll()
    this.refuseCancelled()
    const head =
      this.#headSent || !run.head ? null : { status: run.head.status, headers: run.head.headers }
    this.#headSent = true

    const { link } = this.wires
    const sent = chunk === null ? null : ownBytes(chunk)
    link.post({ type: 'part', id: this.id, head, chunk: sent, end })
    if (end) return
    link.flush()
    this.#underWayBytes += sent?.length ?? 0
    this.#awaitCredit()
  }

  #awaitCredit(): void {
    while (this.#underWayBytes > this.#message.responseWindow) {
      for (const call of callsBelow()) if (!call.makeRoom()) throw tooMuchBelow()
      this.wires.block()
      this.refuseCancelled()
    }
  }

  #environ(): Environ {
    const { state, settings } = this.#hosted
    const scope = scopeOf(this.#message.scope, { ...state }, this.#connection)
    const environ = scopeToEnviron(scope, this.input)
    environ['wsgi.errors'] = settings.errors
    environ['wsgi.multiprocess'] = settings.multiprocess
    return environ
  }
}

function tooMuchBelow(): WouldDeadlockError {
  return new WouldDeadlockError(
    'a nested request answers more than 16 MiB through the very call that it runs on top of; let the app that is called take the answer, or use a pool of its own',
  )
}
