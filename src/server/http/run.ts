// One HTTP request through one app: the scope, receive and send of the exchange, and the way in which it ends.

import { describeThrown } from '../../guarded-log.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { HttpExchange } from '../../async/http-exchange.ts'
import { makeReceive } from '../../async/receive.ts'
import {
  BodyTooLargeError,
  ClientDisconnectedError,
  ConnectionCutError,
  ServerShutdownError,
} from '../../errors.ts'
import { failureLine, judgeError } from '../../http/error-verdict.ts'
import { isDisconnect, isStop } from '../../http/stop-reason.ts'
import { deferred, harmless, rejected } from '../../waiting/deferred.ts'
import { publishEnd, publishStart } from '../diagnostics.ts'
import { openBody } from './open-body.ts'
import {
  actionAt,
  momentOf,
  returnedLine,
  STOPPED,
  UNANSWERED,
  valueLine,
} from './open-response.ts'
import { plainResponse } from '../refusal.ts'
import { logRead } from '../refused-line.ts'
import { sendFile } from './send-file.ts'
import type { Ending, ServerExchangeContext } from '../../async/exchange-context.ts'
import type { Command, ResponsePart } from '../../async/http-exchange.ts'
import type { RequestBody } from '../../async/request-body.ts'
import type { EventApp, HttpScope, ResponseEnd, SendEvent } from '../../contract/events.ts'
import type { ErrorVerdict } from '../../http/error-verdict.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { Moment } from './open-response.ts'
import type { RunParts } from './run-parts.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'

/** Runs an app on one request. The engine owns the run and feeds it as {@link HttpEvents}; the run closes nothing else. */
export class HttpRun implements HttpEvents, Ending {
  /** The index in the dispatcher's list of running exchanges. A field is cheaper than a Map; only the dispatcher uses it. */
  slot = -1

  // Connection state
  readonly #transport: HttpTransport
  readonly #settings: RunParts['settings']
  #gone = false
  #stopping = false
  #drain: Deferred<void> | undefined

  // Request state
  readonly #app: EventApp
  readonly #scope: HttpScope
  readonly #request: RequestHead
  readonly #context: ServerExchangeContext
  #body: RequestBody | undefined

  // Response state
  readonly #exchange: HttpExchange
  #bodyBytes = 0
  #refusedStatus: number | undefined
  #refusal: BodyTooLargeError | undefined
  #outcome: ResponseEnd['outcome'] | undefined
  #error: unknown

  constructor(app: EventApp, scope: HttpScope, parts: RunParts) {
    this.#app = app
    this.#scope = scope
    this.#transport = parts.transport
    this.#request = parts.request
    this.#context = parts.context
    this.#settings = parts.settings
    this.#exchange = new HttpExchange(parts.request, parts.settings.identity)
  }

  /** Runs the app to its end, then calls back. The server answers or cuts a response that the app leaves open. */
  run(onSettled: (run: this) => void): void {
    publishStart(this.#scope)
    // Not in an async function, which is one of the largest costs of a request.
    this.#callApp().then(
      (result) => this.#appEnded(onSettled, false, result),
      (error: unknown) => this.#appEnded(onSettled, true, error),
    )
  }

  /** The end of the exchange, for the listeners of `onEnd`; to be read once it has ended. */
  get end(): ResponseEnd {
    const status = this.#refusedStatus ?? this.#exchange.status
    const outcome = this.#outcome ?? 'complete'
    return { outcome, status, bytes: this.#bodyBytes, code: undefined, error: this.#error }
  }

  onBody(chunk: Uint8Array): void {
    this.#body?.push(chunk)
  }

  onBodyEnd(): void {
    this.#body?.end()
  }

  onDrain(): void {
    this.#drain?.resolve()
    this.#drain = undefined
  }

  onDisconnect(answer: readonly ResponsePart[] = []): void {
    if (this.#gone || this.#exchange.ended) return
    for (const { head, size } of answer) {
      this.#refusedStatus ??= head?.status
      this.#bodyBytes += size
    }
    this.#gone = true
    this.#body?.close()
    this.#context.disconnect()
    this.#drain?.reject(new ClientDisconnectedError())
    this.#drain = undefined
    const lost = this.#stopping ? 'aborted' : 'disconnected'
    this.#finish(answer.length > 0 ? 'complete' : lost, this.#context.reason)
  }

  /** Tells the app that the server shuts down: by its signal, and by a disconnect if the app waits for an event. */
  shutdown(): void {
    this.#stopping = true
    if (!this.#exchange.headSent) this.#exchange.closeConnection()
    this.#context.abort(new ServerShutdownError())
    this.#body?.hintDisconnect()
  }

  #callApp(): Promise<unknown> {
    const { contentLength } = this.#request
    const { maxBodyBytes } = this.#settings
    if ((contentLength ?? 0) > maxBodyBytes) {
      return rejected((this.#refusal = new BodyTooLargeError(maxBodyBytes)))
    }
    const receive = makeReceive(() => this.#bodyOf().receive())
    try {
      return Promise.resolve(this.#app(this.#scope, receive, (event) => this.#send(event)))
    } catch (error) {
      return rejected(error)
    } finally {
      this.#context.figures?.returned()
    }
  }

  // Made at the first receive(): most requests have no body, and most apps read none.
  #bodyOf(): RequestBody {
    this.#context.figures?.touch()
    if (this.#body) return this.#body
    const headSent = (): boolean => this.#exchange.headSent
    const body = openBody(this.#request, this.#transport, this.#settings, headSent)
    if (this.#stopping) body.hintDisconnect()
    if (this.#gone || this.#exchange.ended) body.close()
    this.#body = body
    return body
  }

  #send(event: SendEvent): Promise<void> {
    // After a cut, the app may go on before the engine reports the end of the connection.
    if (this.#gone || this.#outcome === 'aborted') return rejected(new ClientDisconnectedError())
    // RFC 9110, 10.1.1: a client that was never told to continue may or may not send the body.
    if (this.#request.expectsContinue && this.#body?.started !== true)
      this.#exchange.closeConnection()
    try {
      return this.#carryOut(this.#exchange.accept(event))
    } catch (error) {
      if (this.#exchange.failed) this.#breakOff(error)
      return rejected(error)
    }
  }

  #carryOut(command: Command): Promise<void> {
    if (this.#gone || this.#outcome === 'aborted') return rejected(new ClientDisconnectedError())
    switch (command.type) {
      case 'hold':
        // The same as for a client that has left: an app that streams for ever would never end otherwise.
        return this.#exchange.dropping ? rejected(new ClientDisconnectedError()) : TAKEN
      case 'write':
        return this.#write(command.part)
      case 'early-hint':
        this.#transport.earlyHint(command.headers)
        return TAKEN
      case 'pathsend':
        return harmless(this.#sendFile(command.path))
    }
  }

  #write(part: ResponsePart): Promise<void> {
    if (!part.end) this.#context.figures?.touch()
    this.#bodyBytes += part.size
    const flowing = this.#transport.write(part)
    if (part.end) {
      this.#body?.close()
      this.onDrain()
      this.#finish('complete', this.#error)
      return TAKEN
    }
    if (flowing) return TAKEN
    this.#drain ??= deferred()
    return this.#drain.promise
  }

  async #sendFile(path: string): Promise<void> {
    try {
      await sendFile(path, this.#exchange, (command) => this.#carryOut(command))
    } catch (error) {
      if (this.#gone || this.#outcome === 'aborted') throw new ClientDisconnectedError()
      if (!this.#exchange.ended) this.#fileFailed(error)
      throw error
    }
  }

  #fileFailed(error: unknown): void {
    if (this.#exchange.failed || this.#exchange.headSent) return this.#breakOff(error)
    this.#answer((error as NodeJS.ErrnoException).code === 'ENOENT' ? 404 : 500, error)
  }

  #appEnded(onSettled: (run: this) => void, threw: boolean, value: unknown): void {
    this.#context.figures?.touch()
    try {
      if (threw) this.#appThrew(value)
      else this.#appReturned(value)
    } catch (error) {
      // An object that the app throws may itself throw when the server looks at it.
      if (momentOf(this.#exchange, this.#gone) !== 'over') this.#cut(error)
    }
    onSettled(this)
  }

  #appReturned(result: unknown): void {
    const moment = momentOf(this.#exchange, this.#gone)
    const verdict = this.#stopping ? STOPPED : UNANSWERED
    this.#settle(moment, verdict, undefined)

    if (result !== undefined) this.#log('warn', valueLine(result))
    const line = returnedLine(moment)
    if (line !== null) this.#log(verdict.level, line)
  }

  #appThrew(error: unknown): void {
    const moment = momentOf(this.#exchange, this.#gone)
    if (error instanceof ConnectionCutError) return this.#appCut(moment, error)
    const { ended, failed } = this.#exchange
    const verdict = judgeError(error)
    this.#settle(moment, verdict, error)

    if (this.#gone ? isStop(error) : ended && isDisconnect(error)) {
      this.#log('debug', 'the client left before the response was complete')
    } else if (this.#refusal) {
      logRead(this.#settings.log, this.#refusal, this.#request, this.#request.method)
    } else if (!failed) {
      const { message, err } = failureLine(error, verdict)
      this.#log(verdict.level, message, err)
    }
  }

  #appCut(moment: Moment, error: ConnectionCutError): void {
    if (moment !== 'over') this.#cut(error)
    this.#log('debug', 'the app has cut the connection', error)
  }

  #settle(moment: Moment, verdict: ErrorVerdict, error: unknown): void {
    const action = actionAt(moment, verdict)
    if (action === 'nothing') return
    if (action === 'cut') return this.#cut(error)
    if (verdict.closesConnection) this.#exchange.closeConnection()
    const isShown = error !== undefined && verdict.status === 500 && this.#settings.debug
    this.#answer(verdict.status, error, isShown ? describeThrown(error) : undefined)
  }

  #answer(status: number, error: unknown, text?: string): void {
    this.#error = error
    this.#exchange.restart()
    for (const event of plainResponse(status, text)) this.#send(event).catch(() => undefined)
  }

  #cut(error: unknown): void {
    this.#finish('aborted', error)
    this.#transport.destroy()
  }

  #breakOff(error: unknown): void {
    this.#cut(error)
    this.#log('error', 'the response broke off; the connection is cut', error)
  }

  #finish(outcome: ResponseEnd['outcome'], error: unknown): void {
    if (this.#outcome) return
    this.#outcome = outcome
    this.#error = error
    this.#context.finish(this)
    publishEnd(this.#scope, this)
  }

  // Always after the answer.
  #log(level: 'debug' | ErrorVerdict['level'], message: string, err?: unknown): void {
    const { method, path } = this.#scope
    this.#settings.log[level](err === undefined ? { method, path } : { method, path, err }, message)
  }
}
