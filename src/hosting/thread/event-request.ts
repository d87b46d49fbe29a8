// One HTTP request on the side of an app that awaits.

import { AsyncResource } from 'node:async_hooks'
import { ServerExchangeContext } from '../../async/exchange-context.ts'
import { NO_IDENTITY } from '../../async/framing.ts'
import { HttpExchange } from '../../async/http-exchange.ts'
import { makeReceive } from '../../async/receive.ts'
import { runInContext } from '../../bridge/request-context.ts'
import { ClientDisconnectedError, IllegalEventError } from '../../errors.ts'
import { failureLine, judgeError } from '../../http/error-verdict.ts'
import { isDisconnect, isStop } from '../../http/stop-reason.ts'
import { localEnd } from '../../http/local-end.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { fromErrorData, toErrorData } from '../protocol/error-data.ts'
import { ownBytes } from '../protocol/own-bytes.ts'
import { scopeOf } from '../protocol/scope-data.ts'
import { EventBody } from './event-body.ts'
import { hostingOf } from './exchange-context.ts'
import type { Ending } from '../../async/exchange-context.ts'
import type {
  HttpResponseBodyEvent,
  HttpResponseStartEvent,
  ResponseEnd,
  SendEvent,
} from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { PartMessage, RequestMessage } from '../protocol/messages.ts'
import type { OwnParts } from '../protocol/scope-data.ts'
import type { Continuation, EventExchange, Hosted } from './event-exchange.ts'

/** Runs the app on one request. Its host gives it the messages with its id. */
export class EventRequest implements EventExchange, Ending {
  readonly id: number
  readonly #message: RequestMessage
  readonly #hosted: Hosted
  readonly #context: ServerExchangeContext
  readonly #own: OwnParts
  readonly #exchange: HttpExchange
  // Made when the app reads, or when bytes come: most requests have no body.
  #body: EventBody | undefined
  #beganAt = 0
  #start: HttpResponseStartEvent | undefined
  #unacknowledgedBytes = 0
  #credit: Deferred<void> | undefined
  #sentBytes = 0
  #cancelled: Error | undefined
  #isWarned = false
  #isDone = false
  #failure: unknown

  constructor(message: RequestMessage, hosted: Hosted) {
    this.id = message.id
    this.#message = message
    this.#hosted = hosted
    const context = (this.#context = new ServerExchangeContext(
      hosted.log,
      hostingOf(message.environ),
    ))
    // Now, and not when the app runs: the next request, which may be that of another user, brings facts of its own.
    const { channels, extensions } = hosted
    this.#own = { state: hosted.newState(), extensions: extensions.http, context, channels }
    const { method } = message.scope
    // The gateway knows the version of the client and the fate of the connection.
    const facts = { method, httpVersion: '1.1', keepAlive: true, acceptsTrailers: true } as const
    this.#exchange = new HttpExchange(facts, NO_IDENTITY)
  }

  /** Calls the app. An async resource for each request: the effect of enterWith() in the app ends with the request. */
  run(now: number): void {
    this.#beganAt = now
    if (this.#cancelled) return this.#end()
    const resource = new AsyncResource('isthmus.EventRequest')
    const ended = resource.runInAsyncScope(runInContext, undefined, this.#message.context, () =>
      this.#callApp(),
    ) as Promise<unknown>
    ended.then(
      () => this.#end(),
      (error: unknown) => this.#failed(error),
    )
  }

  take(message: Continuation): void {
    switch (message.type) {
      case 'body':
        return this.#openBody().take(message)
      case 'credit':
        this.#unacknowledgedBytes -= message.bytes
        return this.#settleCredit()
      case 'warn':
        return this.warn(fromErrorData(message.error))
      case 'cancel':
        return this.#cancel(fromErrorData(message.error))
      case 'event':
    }
  }

  warn(reason: Error): void {
    this.#context.abort(reason)
    this.#isWarned = true
    this.#body?.hintDisconnect()
  }

  /** The end in the view of this host: the gateway, and its client, may see another one. */
  get end(): ResponseEnd {
    const { method } = this.#message.scope
    const { status } = this.#exchange
    return localEnd({ method, status, bytes: this.#sentBytes, error: this.#failure })
  }

  #callApp(): Promise<unknown> {
    const { app } = this.#hosted
    const scope = scopeOf(this.#message.scope, this.#own)
    const receive = makeReceive(() => this.#openBody().receive())
    try {
      return Promise.resolve(app(scope, receive, (event) => this.#send(event)))
    } catch (error) {
      return rejected(error)
    }
  }

  #openBody(): EventBody {
    if (this.#body) return this.#body
    const body = new EventBody(this.#message, this.#hosted.link)
    if (this.#isWarned) body.hintDisconnect()
    if (this.#cancelled) body.cancel(this.#cancelled)
    if (this.#exchange.ended) body.close()
    this.#body = body
    return body
  }

  #cancel(reason: Error): void {
    this.#cancelled ??= reason
    this.#failure ??= reason
    this.#body?.cancel(reason)
    if (reason instanceof ClientDisconnectedError) this.#context.disconnect()
    else this.#context.abort(reason)
    this.#settleCredit()
    this.#context.finish(this)
  }

  #settleCredit(): void {
    const credit = this.#credit
    if (!credit) return
    if (this.#cancelled) credit.reject(this.#cancelled)
    else if (this.#unacknowledgedBytes <= this.#message.responseWindow) credit.resolve()
    else return
    this.#credit = undefined
  }

  #send(event: SendEvent): Promise<void> {
    if (this.#cancelled) return rejected(this.#cancelled)
    try {
      return this.#perform(event)
    } catch (error) {
      return rejected(error)
    }
  }

  #perform(event: SendEvent): Promise<void> {
    // Before the exchange takes it: the gateway would have to report the end of the file.
    if (event?.type === 'http.response.pathsend') {
      throw new IllegalEventError(`${event.type} is not offered in scope.extensions here`)
    }
    const command = this.#exchange.accept(event)
    if (event.type === 'http.response.start') this.#start = event
    const isRelayed = this.#start?.trailers === true || command.type === 'early-hint'
    if (isRelayed) return this.#relay(event)
    if (command.type === 'write') return this.#write(event, command.part.head !== null)
    return this.#exchange.dropping ? rejected(new ClientDisconnectedError()) : TAKEN
  }

  // The gateway completes the head, so it gets that of the app, and the body even if the client gets none: the length of
  // the body is a field of the head.
  #write(event: SendEvent, isFirst: boolean): Promise<void> {
    const { status, headers = [] } = this.#start as HttpResponseStartEvent
    const { body = '', moreBody = false } = event as HttpResponseBodyEvent
    const end = event.type === 'http.response.body' && !moreBody
    const part: PartMessage = {
      type: 'part',
      id: this.id,
      head: isFirst ? { status, headers } : null,
      chunk: body.length === 0 ? null : body,
      end,
    }
    this.#sentBytes += body.length
    if (end || this.#exchange.ended) return this.#answer(part)
    // Credit comes in bytes: the length of a text that is not ASCII is another number.
    const chunk = typeof body === 'string' ? Buffer.from(body) : ownBytes(body)
    this.#hosted.link.post({ ...part, chunk: chunk.length === 0 ? null : chunk })
    return this.#sent(chunk.length)
  }

  // A response with trailers, or an early hint.
  #relay(event: SendEvent): Promise<void> {
    this.#hosted.link.post({ type: 'event', id: this.id, event })
    if (this.#exchange.ended) this.#responded()
    return event.type === 'http.response.body' ? this.#sent(event.body?.length ?? 0) : TAKEN
  }

  #sent(bytes: number): Promise<void> {
    this.#unacknowledgedBytes += bytes
    if (this.#unacknowledgedBytes <= this.#message.responseWindow) return TAKEN
    this.#credit ??= deferred()
    return this.#credit.promise
  }

  // The end of the response is the end of the request for the gateway. The app may go on.
  #answer(part: PartMessage): Promise<void> {
    this.#isDone = true
    this.#hosted.link.answer(part, performance.now() - this.#beganAt)
    this.#responded()
    return TAKEN
  }

  #responded(): void {
    this.#body?.close()
    this.#context.finish(this)
  }

  #failed(error: unknown): void {
    this.#failure ??= error
    this.#tellStart()
    if (this.#isDone || this.#cancelled) this.#logLate(error)
    else this.#hosted.link.post({ type: 'failure', id: this.id, error: toErrorData(error) })
    this.#end()
  }

  // No response depends on the app any more, so that only the log can tell.
  #logLate(error: unknown): void {
    if (this.#cancelled ? isStop(error) : isDisconnect(error)) return
    const { message, err } = failureLine(error, judgeError(error))
    const { method, path } = this.#message.scope
    this.#hosted.log.error({ method, path, err }, message)
  }

  // The gateway judges an app that ends between its start and its body, as the server does.
  #tellStart(): void {
    if (!this.#start || this.#exchange.headSent || this.#cancelled) return
    if (!this.#start.trailers)
      this.#hosted.link.post({ type: 'event', id: this.id, event: this.#start })
    this.#start = undefined
  }

  #end(): void {
    this.#tellStart()
    if (!this.#isDone) {
      this.#isDone = true
      const tookMs = performance.now() - this.#beganAt
      this.#hosted.link.post({ type: 'done', id: this.id, tookMs })
    }
    this.#context.finish(this)
    this.#hosted.onEnd(this)
  }
}
