// One request on the side of the app: blocking reads, blocking writes, and the run between them.

import { SyncRun } from '../../sync/run.ts'
import { Input } from '../../sync/input.ts'
import { scopeToEnviron } from '../environ.ts'
import { runInContext } from '../context.ts'
import { toErrorData, fromErrorData } from './error-data.ts'
import { HostedBody } from './hosted-body.ts'
import { HostedConnection } from './hosted-connection.ts'
import { runAs } from './running-request.ts'
import type { Chunk, Environ, ErrorStream, SyncApp } from '../../contract/environ.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { Wires } from './gateway-link.ts'
import type { Caller } from './running-request.ts'
import type {
  AnswerMessage,
  BodyMessage,
  CancelMessage,
  CreditMessage,
  RequestMessage,
  WarnMessage,
} from './messages.ts'

/** What a host says of itself in every environ. */
export interface HostSettings {
  multiprocess: boolean
  errors: ErrorStream
}

type Continuation = BodyMessage | CreditMessage | CancelMessage | WarnMessage | AnswerMessage

/** Created when the request arrives, so that what follows it has somewhere to wait; runs once. */
export class HostedRequest implements Caller {
  readonly id: number
  readonly wires: Wires
  readonly body: HostedBody
  readonly calls: Caller['calls'] = new Map()
  readonly #message: RequestMessage
  readonly #settings: HostSettings
  readonly #connection: HostedConnection
  #underWayBytes = 0
  #headSent = false
  #cancelled: Error | undefined

  constructor(message: RequestMessage, wires: Wires, settings: HostSettings) {
    this.id = message.id
    this.#message = message
    this.wires = wires
    this.#settings = settings
    this.#connection = new HostedConnection(message, wires)
    this.body = new HostedBody(message, wires)
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
        return this.#connection.abort(this.#cancelled)
      case 'answer':
        return this.calls.get(message.message.id)?.take(message)
    }
  }

  /** Runs the app to its end. Never throws: what goes wrong is told to the gateway. */
  run(app: SyncApp, state: Record<string, unknown>): void {
    const since = performance.now()
    const { link } = this.wires
    if (!this.#cancelled) {
      runAs(this, () => runInContext(this.#message.context, () => this.#serve(app, state)))
    }
    link.post({ type: 'done', id: this.id, tookMs: performance.now() - since })
    link.flush()
  }

  #serve(app: SyncApp, state: Record<string, unknown>): void {
    const run = new SyncRun(app, this.#environ(state), {
      warn: (message, cause) => this.#connection.log.warn({ err: cause }, message),
      onWrite: (chunk) => this.#send(run, chunk, false),
    })
    let failure: unknown
    try {
      do this.#send(run, run.pull(), run.ended)
      while (!run.ended)
    } catch (error) {
      failure = error
      this.wires.link.post({ type: 'failure', id: this.id, error: toErrorData(error) })
    }
    // The client need not wait for what the app does in close().
    if (!Array.isArray(run.body)) this.wires.link.flush()
    run.close(failure)
  }

  // What is not the end leaves at once: the app may take its time for what comes next.
  #send(run: SyncRun, chunk: Chunk | null, end: boolean): void {
    this.wires.poll()
    const head =
      this.#headSent || !run.head ? null : { status: run.head.status, headers: run.head.headers }
    this.#headSent = true
    this.#underWayBytes += chunk === null ? 0 : chunk.length
    this.refuseCancelled()

    const { link } = this.wires
    link.post({ type: 'part', id: this.id, head, chunk, end })
    if (end) return
    link.flush()
    while (this.#underWayBytes > this.#message.responseWindow) {
      this.wires.block()
      this.refuseCancelled()
    }
  }

  refuseCancelled(): void {
    if (this.#cancelled) throw this.#cancelled
  }

  #environ(state: Record<string, unknown>): Environ {
    const scope: HttpScope = {
      ...this.#message.scope,
      state,
      'isthmus.connection': this.#connection,
    }
    const environ = scopeToEnviron(scope, new Input(this.body))
    environ['wsgi.errors'] = this.#settings.errors
    environ['wsgi.multiprocess'] = this.#settings.multiprocess
    return environ
  }
}
