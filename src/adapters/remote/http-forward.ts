// One HTTP request on its way to a target and back: its attempts, its response, and the ways in which it ends.

import { AsyncResource } from 'node:async_hooks'
import { ClientDisconnectedError } from '../../errors.ts'
import { hasContent } from '../../http/content.ts'
import { getHeader } from '../../http/headers.ts'
import { deferred } from '../../waiting/deferred.ts'
import { dispatchOptions } from './dispatch-options.ts'
import { foreignCoding, isClosed, upstreamError } from './failure.ts'
import { RemoteBody } from './request-body.ts'
import { linksOf, responseHead, responseTrailers } from './response-head.ts'
import { ResponseRelay } from './response-relay.ts'
import { afterFailure } from './retry.ts'
import type { Dispatcher } from 'undici'
import type { HttpScope, ReceiveEvent, Send } from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { RemoteConnection } from './connection.ts'
import type { RelayOwner } from './response-relay.ts'
import type { RemoteSettings } from './settings.ts'
import type { Seeker, TargetGroup } from './target-group.ts'
import type { Target } from './target.ts'

/** The arguments of an event app for HTTP, and whether the request has a body. */
interface ForwardedExchange {
  scope: HttpScope
  receive: () => Promise<ReceiveEvent>
  send: Send
  hasBody: boolean
}

const NONE: readonly Target[] = []

/**
 * Forwards one request. It is the handler that undici calls, in the form that gets the bytes of the fields: the newer
 * form makes an object of them first, which costs more than all of this class. The events of undici come in the context
 * of a connection, and run in that of the request.
 */
export class HttpForward
  extends AsyncResource
  implements Seeker, RelayOwner, Dispatcher.DispatchHandler
{
  readonly scope: HttpScope
  readonly #group: TargetGroup
  readonly #settings: RemoteSettings
  readonly #length: string | undefined
  readonly #body: RemoteBody | undefined
  readonly #relay: ResponseRelay
  readonly #ended: Deferred<void> = deferred()
  readonly #startedAt = performance.now()
  #tried: Target[] | undefined
  #attempts = 0
  #target: Target | undefined
  #connection: RemoteConnection | undefined
  #abort: ((error: Error) => void) | undefined
  #wasUsed = false
  #isSent = false
  #isAnswered = false
  #hasHead = false
  #isOver = false

  constructor(exchange: ForwardedExchange, group: TargetGroup, settings: RemoteSettings) {
    super('isthmus.HttpForward')
    const { scope, receive, send, hasBody } = exchange
    this.scope = scope
    this.#group = group
    this.#settings = settings
    this.#length = hasBody ? getHeader(scope.headers, 'content-length') : undefined
    this.#body = hasBody
      ? new RemoteBody(receive, this.#length, settings.retryBodyBytes)
      : undefined
    this.#relay = new ResponseRelay(send, this)
  }

  get tried(): readonly Target[] {
    return this.#tried ?? NONE
  }

  /** Forwards the request. Resolves when the response was relayed whole; rejects with the error to answer. */
  run(): Promise<void> {
    this.scope['isthmus.exchange']?.onDisconnect(() => this.#leave(new ClientDisconnectedError()))
    if (!this.#body) this.#group.seek(this)
    else {
      this.#body.begin().then(
        () => this.#isOver || this.#group.seek(this),
        (error: unknown) => this.#leave(error),
      )
    }
    return this.#ended.promise
  }

  // --- the group ---

  proceed(target: Target): void {
    this.#target = target
    target.begins()
    this.#attempt(target, target.acquire())
  }

  giveUp(error: Error): void {
    this.#finish(error)
  }

  // --- undici ---

  onConnect(abort: (error: Error) => void): void {
    this.#isSent = true
    this.#abort = abort
    this.#wasUsed = this.#connection?.isUsed ?? false
    if (this.#isOver) abort(new ClientDisconnectedError())
  }

  onResponseStarted(): void {
    this.#isAnswered = true
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    return this.runInAsyncScope(() => this.#onHead(status, raw, resume))
  }

  onData(chunk: Buffer): boolean {
    return this.runInAsyncScope(() => this.#relay.chunk(chunk))
  }

  onComplete(trailers: Buffer[] | string[] | null): void {
    this.runInAsyncScope(() => this.#onComplete(trailers))
  }

  onError(error: Error): void {
    this.runInAsyncScope(() => this.#onError(error))
  }

  // --- the relay ---

  relayed(): void {
    this.#finish(undefined)
  }

  refused(error: unknown): void {
    this.#leave(error)
  }

  // --- attempts ---

  #attempt(target: Target, connection: RemoteConnection): void {
    this.#connection = connection
    this.#isSent = false
    this.#isAnswered = false
    this.#attempts += 1
    const options = dispatchOptions(this.scope, target.address, this.#settings)
    if (this.#body) {
      if (this.#length !== undefined) options.headers.push('content-length', this.#length)
      options.body = this.#body.open()
    }
    if (this.#attempts > 1) options.headersTimeout = Math.max(1, this.#timeLeftMs)
    connection.dispatch(options, this)
  }

  get #timeLeftMs(): number {
    return this.#startedAt + this.#settings.headTimeoutMs - performance.now()
  }

  #onHead(status: number, raw: Buffer[], resume: () => void): boolean {
    if (this.#isOver) return true
    if (status < 200) return this.#onInterim(status, raw)
    const head = responseHead(raw)
    if (head.foreignCoding !== undefined) throw foreignCoding(head.foreignCoding)
    this.#hasHead = true
    this.#target?.answered(performance.now() - this.#startedAt)
    const trailers = head.isChunked && this.#takesTrailers()
    const isBodyless = !hasContent(this.scope.method, status)
    return this.#relay.head(status, head, { trailers, isBodyless, resume })
  }

  #onInterim(status: number, raw: Buffer[]): boolean {
    if (status !== 103 || !this.scope.extensions['http.response.early_hint']) return true
    const links = linksOf(raw)
    if (links.length > 0) this.#relay.earlyHint(links)
    return true
  }

  #takesTrailers(): boolean {
    return (
      this.scope.extensions['http.response.trailers'] !== undefined &&
      getHeader(this.scope.headers, 'te') !== undefined
    )
  }

  #onComplete(trailers: Buffer[] | string[] | null): void {
    if (this.#isOver) return this.#release()
    // A body without length and chunks ends with its connection, also if that breaks.
    const broken = this.#connection?.brokenBy
    if (broken) return this.#onError(broken)
    this.#release()
    this.#target?.completes()
    this.#target = undefined
    this.#relay.end(responseTrailers(trailers ?? []))
  }

  #onError(error: Error): void {
    this.#discard()
    const target = this.#target
    this.#target = undefined
    if (this.#isOver || !target) return target?.completes()
    // The body of the client ended early: the target is not the reason.
    if (this.#body?.fault !== undefined) {
      target.completes()
      return this.#finish(this.#body.fault)
    }
    if (this.#relay.isComplete) {
      // A 304 with Content-Length: undici misses the body that such a response never has.
      target.completes()
      this.#relay.end([])
    } else if (this.#hasHead) this.#breakOff(target, error)
    else this.#failed(target, error)
  }

  #breakOff(target: Target, error: Error): void {
    target.breaksOff()
    this.#relay.breakOff()
    this.#finish(this.#judged(error, target, 'answering'))
  }

  #failed(target: Target, error: Error): void {
    const wasStale = this.#wasUsed && this.#isSent && isClosed(error)
    const failed = {
      method: this.scope.method,
      wasSent: this.#isSent,
      wasAnswered: this.#isAnswered,
      wasStale,
      canReplay: this.#body?.canReplay(this.#isSent) ?? true,
      attempts: this.#attempts,
      timeLeftMs: this.#timeLeftMs,
    }
    const judged = this.#judged(error, target, this.#isSent ? 'waiting' : 'connecting')
    const step = afterFailure(failed, this.#settings)
    if (step === 'again') return this.#again(target, judged)
    target.fails(judged)
    if (step === 'answer') return this.#finish(judged)
    target.retries()
    this.#tried ??= []
    this.#tried.push(target)
    this.#log('warn', `${judged.message}; the request goes to another target`)
    this.#group.seek(this)
  }

  // The other connections may be as old, so a new one is opened.
  #again(target: Target, judged: Error): void {
    this.#attempts -= 1
    this.#log(
      'debug',
      `${judged.message}; the connection was an old one, and the request is sent again`,
    )
    this.#target = target
    this.#attempt(target, target.acquireNew())
  }

  #judged(error: Error, target: Target, stage: 'connecting' | 'waiting' | 'answering'): Error {
    return upstreamError(error, { target: target.name, stage, attempts: this.#attempts })
  }

  // --- ends ---

  #leave(error: unknown): void {
    if (this.#isOver) return
    this.#group.leave(this)
    this.#finish(error)
    this.#target?.completes()
    this.#target = undefined
    this.#abort?.(new ClientDisconnectedError())
  }

  #finish(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#relay.stop()
    if (error === undefined) this.#ended.resolve()
    else this.#ended.reject(error)
  }

  #release(): void {
    this.#connection?.release()
    this.#connection = undefined
    this.#group.advance()
  }

  #discard(): void {
    this.#connection?.discard()
    this.#connection = undefined
    this.#group.advance()
  }

  #log(level: 'warn' | 'debug', message: string): void {
    const { method, path } = this.scope
    this.scope['isthmus.exchange']?.log[level]({ method, path }, message)
  }
}
