// Drives middleware around a sync app, without a promise. The middleware get the head with the first chunk, or at the end
// of the body: before that, the app may still replace the head (PEP 3333, "The start_response() Callable").

import { inspect } from 'node:util'
import { decidingByHead } from '../../bridge/sync/head-decision.ts'
import { sync } from '../../bridge/style.ts'
import { ClientDisconnectedError } from '../../errors.ts'
import { checkedBody } from '../../sync/app-body.ts'
import { checkedChunk, chunkBytes } from '../../sync/chunk.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { attempt } from '../../sync/run-end.ts'
import { Flow } from '../flow.ts'
import { Outgoing } from '../response.ts'
import { answerBody, mappedArray } from './answer.ts'
import { SyncEnd } from './end.ts'
import { SyncHead } from './head.ts'
import { LazyBody } from './lazy-body.ts'
import { EnvironRequest } from './request.ts'
import type { AsyncResource } from 'node:async_hooks'
import type { HeadDecision } from '../../bridge/sync/head-decision.ts'
import type {
  Chunk,
  Environ,
  StartResponse,
  SyncApp,
  SyncBody,
  Write,
} from '../../contract/environ.ts'
import type { AppBody } from '../../sync/app-body.ts'
import type { MappedBody } from '../body-map.ts'
import type { Halt } from '../flow.ts'
import type { Layer } from '../layer.ts'
import type { BodyOwner, Verdict } from './lazy-body.ts'

/** `app` with `layers` around it, the first one outermost. A chain around a chain is one chain. */
export function driveSync(layers: readonly Layer[], app: SyncApp): SyncApp {
  const inner = (app as Driven)[PARTS]
  if (inner) return driveSync([...layers, ...inner.layers], inner.app)

  const driven: Driven = sync((environ, startResponse) =>
    new SyncDrive(layers, app, environ).run(startResponse),
  )
  driven[PARTS] = { layers, app }
  return decidingByHead(driven, (environ) => new SyncDrive(layers, app, environ).decide())
}

const PARTS = Symbol('parts of a driven app')

type Driven = SyncApp & { [PARTS]?: { layers: readonly Layer[]; app: SyncApp } }

class SyncDrive implements BodyOwner, HeadDecision {
  verdict: Verdict | undefined
  readonly #app: SyncApp
  readonly #environ: Environ
  readonly #flow: Flow
  readonly #head: SyncHead
  readonly #end: SyncEnd
  // The app's own response.
  #response: Outgoing | undefined
  #serverWrite: Write | undefined
  // The error that a middleware threw inside the app's write(), or before the app was called.
  #failure: { error: unknown } | undefined
  // The request for the app, or the answer of a middleware; undefined if one threw.
  #decision: Halt | undefined
  // The reason why the body of the request did not come.
  #lostBody: { error: unknown } | undefined

  constructor(layers: readonly Layer[], app: SyncApp, environ: Environ) {
    this.#app = app
    this.#environ = environ
    this.#head = new SyncHead(environ)
    this.#flow = new Flow(layers, undefined)
    this.#end = new SyncEnd(environ, (message, cause) => this.warn(message, cause))
  }

  get appContext(): AsyncResource | undefined {
    return this.#flow.appContext
  }

  run(startResponse: StartResponse): SyncBody {
    return this.#goOn(this.#runLayers(), startResponse)
  }

  /** The layers up to the app; a decision for a host that calls the app later. */
  decide(): this {
    try {
      this.#decision = this.#runLayers()
    } catch (error) {
      this.#failure = { error }
    }
    return this
  }

  get callsApp(): boolean {
    return this.#decision !== undefined && !(this.#decision instanceof Outgoing)
  }

  get rest(): SyncApp {
    return (_environ, startResponse) => {
      if (this.#failure) throw this.#failure.error
      return this.#goOn(this.#decision as Halt, startResponse)
    }
  }

  fail(error: unknown): void {
    this.#lostBody = { error }
  }

  discard(): void {
    this.#end.discard()
    attempt(this, 'a middleware', () => {
      if (this.#decision instanceof Outgoing) this.#decision.discard()
      this.#flow.abandon()
    })
  }

  #runLayers(): Halt {
    this.#flow.start(new EnvironRequest(this.#environ, this.#end))
    const halt = this.#flow.run()
    this.#end.begin()
    return halt
  }

  #goOn(halt: Halt, startResponse: StartResponse): SyncBody {
    this.#head.open(startResponse)
    if (halt instanceof Outgoing) return this.#end.watched(this.#answered(halt))
    if (this.#lostBody) return this.#end.watched(this.recover(this.#lostBody.error))
    return this.#end.watched(this.#callApp((halt as EnvironRequest).environ))
  }

  settle(first: Chunk | null): Verdict {
    return this.#settle(first === null ? [] : null)
  }

  recover(error: unknown): SyncBody {
    if (this.#failure) throw this.#failure.error
    const { verdict } = this
    if (verdict?.own) throw error
    if (!verdict) {
      this.#flow.fail(error)
      return this.#answered(this.#flow.run() as Outgoing)
    }
    if (!(error instanceof ClientDisconnectedError)) {
      this.warn('the app failed after the answer of a middleware', error)
    }
    return verdict.body
  }

  bodyClosed(): void {
    this.#response?.discard()
    if (!this.verdict) this.#flow.abandon()
  }

  warn(message: string, cause?: unknown): void {
    const reason = cause === undefined ? '' : `: ${inspect(cause)}`
    this.#environ['wsgi.errors'].write(`${message}${reason}\n`)
  }

  #callApp(environ: Environ): SyncBody {
    let body: AppBody
    try {
      const { appContext } = this.#flow
      const app = this.#app
      body = checkedBody(
        appContext
          ? appContext.runInAsyncScope(app, undefined, environ, this.#startResponse)
          : app(environ, this.#startResponse),
      )
    } catch (error) {
      this.#response?.discard()
      return this.recover(error)
    }
    const isWhole = Array.isArray(body) || body instanceof WrappedFile
    return isWhole ? this.#whole(body) : (new LazyBody(body, this) as SyncBody)
  }

  // The iteration of an array or of a file runs no code of the app, so the server gets the object itself.
  #whole(body: AppBody): SyncBody {
    try {
      const chunks = Array.isArray(body) ? (body as Chunk[]) : null
      const verdict = this.verdict ?? this.#settle(chunks)
      if (verdict.own && !verdict.mapped) return body as SyncBody
      if (verdict.own && chunks) return mappedArray(chunks, verdict.mapped as MappedBody)
      if (verdict.own) return new LazyBody(body, this)
      this.#close(body)
      return verdict.body
    } catch (error) {
      this.#response?.discard()
      this.#close(body)
      throw error
    }
  }

  #close(body: AppBody): void {
    attempt(this, 'close() of the body', () => body.close?.())
  }

  #settle(body: readonly Chunk[] | null): Verdict {
    if (this.#failure) throw this.#failure.error
    let response: Outgoing
    try {
      response = this.#head.response(body)
    } catch (error) {
      return { own: false, body: this.recover(error) }
    }
    response.take()
    this.#response = response
    this.#flow.answer(response)
    this.#answered(this.#flow.run() as Outgoing)
    return this.verdict as Verdict
  }

  // Gives the head to the server, which sends it with the first chunk, or at the end.
  #answered(response: Outgoing): SyncBody {
    const method = this.#environ.REQUEST_METHOD
    if (response === this.#response) {
      const mapped = response.mapped(method)
      this.#serverWrite = this.#head.pass(response)
      this.verdict = { own: true, mapped }
      return []
    }
    try {
      const body = answerBody(response, method)
      this.#head.answer(response)
      this.verdict = { own: false, body }
      return body
    } catch (error) {
      response.discard()
      throw error
    }
  }

  readonly #startResponse: StartResponse = (status, headers, excInfo) => {
    this.#head.announce(status, headers, excInfo)
    return this.#write
  }

  readonly #write: Write = (data) => {
    const chunk = checkedChunk(data, 'write() was given')
    if (chunk.length === 0) return
    const verdict = this.verdict ?? this.#settleAtWrite()
    if (!verdict.own)
      throw new ClientDisconnectedError('a middleware has answered instead of the app')
    const sent = verdict.mapped ? verdict.mapped.throughNow(chunk, false) : chunk
    this.#end.count(chunkBytes(sent))
    this.#serverWrite?.(sent)
  }

  #settleAtWrite(): Verdict {
    try {
      return this.#settle(null)
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }
}
