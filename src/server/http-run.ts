// One request through one app: the scope, receive and send of an exchange, and the three moments at which
// it can fail (nothing sent, head sent, complete).

import { inspect } from 'node:util'
import { deferred, harmless, rejected } from '../waiting/deferred.ts'
import { HttpExchange } from '../async/http-exchange.ts'
import { makeReceive } from '../async/receive.ts'
import { RequestBody } from '../async/request-body.ts'
import { BodyTooLargeError, ClientDisconnectedError, ServerShutdownError } from '../errors.ts'
import { plainResponse } from './refusal.ts'
import { sendFile } from './send-file.ts'
import { judge } from './verdict.ts'
import type { ServerExchangeContext } from '../async/exchange-context.ts'
import type { Deferred } from '../waiting/deferred.ts'
import type { Command, ResponsePart } from '../async/http-exchange.ts'
import type { Identity } from '../async/framing.ts'
import type { TimerWheel } from '../waiting/timer-wheel.ts'
import type { EventApp, Hosting, HttpScope, SendEvent } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { HttpEvents, HttpTransport } from './engine.ts'
import type { Verdict } from './verdict.ts'

/** What of the settings rules an exchange. */
interface RunSettings {
  identity: Identity
  log: Log
  maxBodyBytes: number
  bodyTimeoutMs: number
  wheel: TimerWheel
  hosting: Hosting
  debug: boolean
}

interface RunParts {
  transport: HttpTransport
  request: RequestHead
  /** As the scope has it. */
  connection: ServerExchangeContext
  settings: RunSettings
}

const BODY_MARK = 64 * 1024
const DONE: Promise<void> = Promise.resolve()

/** Runs an app on one request. The engine owns it, feeds it as {@link HttpEvents}, and closes nothing else. */
export class HttpRun implements HttpEvents {
  /** Of whoever runs it. */
  slot = -1
  readonly #app: EventApp
  readonly #scope: HttpScope
  readonly #transport: HttpTransport
  readonly #request: RequestHead
  readonly #settings: RunSettings
  readonly #exchange: HttpExchange
  readonly #connection: ServerExchangeContext
  #body: RequestBody | undefined
  #gone = false
  #leaving = false
  #drain: Deferred<void> | undefined

  constructor(app: EventApp, scope: HttpScope, parts: RunParts) {
    const { transport, request, connection, settings } = parts
    this.#app = app
    this.#scope = scope
    this.#transport = transport
    this.#request = request
    this.#settings = settings
    this.#connection = connection
    this.#exchange = new HttpExchange(request, settings.identity)
  }

  /** Runs the app to its end, then calls back. What went wrong is answered, or cut, and logged. */
  run(onEnd: (cycle: this) => void): void {
    // Not in an async function, which would be one of the dearest things that are done for a request.
    this.#callApp().then(
      (result) => {
        this.#returned(result)
        onEnd(this)
      },
      (error: unknown) => {
        this.#failed(error)
        onEnd(this)
      },
    )
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

  onDisconnect(): void {
    if (this.#gone || this.#exchange.ended) return
    this.#gone = true
    this.#body?.close()
    this.#connection.disconnect()
    this.#drain?.reject(new ClientDisconnectedError())
    this.#drain = undefined
  }

  /** Tells the app that the server is going: by its signal, and by a disconnect if it waits for one. */
  shutdown(): void {
    this.#leaving = true
    if (!this.#exchange.headSent) this.#exchange.closeConnection()
    this.#connection.abort(new ServerShutdownError())
    this.#body?.hintDisconnect()
  }

  #callApp(): Promise<unknown> {
    const { contentLength } = this.#request
    const { maxBodyBytes } = this.#settings
    if ((contentLength ?? 0) > maxBodyBytes) return rejected(new BodyTooLargeError(maxBodyBytes))
    const receive = makeReceive(() => this.#bodyOf().receive())
    try {
      return Promise.resolve(this.#app(this.#scope, receive, (event) => this.#send(event)))
    } catch (error) {
      return rejected(error)
    }
  }

  // Made when it is asked for: most requests have no body, and most apps do not look for one.
  #bodyOf(): RequestBody {
    if (this.#body) return this.#body
    const { maxBodyBytes: maxBytes, bodyTimeoutMs: timeoutMs, wheel } = this.#settings
    const limits = { highWaterMark: BODY_MARK, maxBytes, timeoutMs, wheel }
    const body = new RequestBody(this.#request.hasBody, this.#flow(), limits)
    if (this.#leaving) body.hintDisconnect()
    if (this.#gone || this.#exchange.ended) body.close()
    this.#body = body
    return body
  }

  #flow(): { start(): void; resume(): void; pause(): void } {
    return {
      start: () => {
        if (this.#request.expectsContinue && !this.#exchange.headSent) this.#transport.continue()
        this.#transport.resume()
      },
      resume: () => this.#transport.resume(),
      pause: () => this.#transport.pause(),
    }
  }

  #send(event: SendEvent): Promise<void> {
    if (this.#gone) return rejected(new ClientDisconnectedError())
    // RFC 9110, 10.1.1: a client that was never told to continue may or may not send the body.
    if (this.#request.expectsContinue && this.#body?.started !== true)
      this.#exchange.closeConnection()
    try {
      return this.#carryOut(this.#exchange.accept(event))
    } catch (error) {
      if (this.#exchange.failed) this.#cut(error)
      return rejected(error)
    }
  }

  #carryOut(command: Command): Promise<void> {
    switch (command.type) {
      case 'hold':
        // As if the client had left: an app that streams for ever would never end otherwise.
        return this.#exchange.dropping ? rejected(new ClientDisconnectedError()) : DONE
      case 'write':
        return this.#write(command.part)
      case 'early-hint':
        this.#transport.earlyHint(command.headers)
        return DONE
      case 'pathsend':
        return harmless(this.#sendFile(command.path))
    }
  }

  #write(part: ResponsePart): Promise<void> {
    const flowing = this.#transport.write(part)
    if (part.end) {
      this.#body?.close()
      this.onDrain()
      return DONE
    }
    if (flowing) return DONE
    this.#drain ??= deferred()
    return this.#drain.promise
  }

  async #sendFile(path: string): Promise<void> {
    try {
      await sendFile(path, this.#exchange, (command) =>
        this.#gone ? rejected(new ClientDisconnectedError()) : this.#carryOut(command),
      )
    } catch (error) {
      if (this.#gone) throw new ClientDisconnectedError()
      if (!this.#exchange.ended) this.#recoverFile(error)
      throw error
    }
  }

  #recoverFile(error: unknown): void {
    if (this.#exchange.failed || this.#exchange.headSent) return this.#cut(error)
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    this.#exchange.restart()
    this.#answer(missing ? 404 : 500)
  }

  // When the log fails, there is nobody left to tell.
  #failed(error: unknown): void {
    try {
      this.#threw(error)
    } catch {}
  }

  #returned(result: unknown): void {
    try {
      this.#judgeEnd(result)
    } catch (error) {
      this.#failed(error)
    }
  }

  #judgeEnd(result: unknown): void {
    const { log } = this.#settings
    if (result !== undefined) {
      log.warn(
        this.#fields(),
        `the app returned a value (${typeof result}); an event app returns nothing`,
      )
    }
    if (this.#gone || this.#exchange.ended || this.#exchange.failed) return

    // An app that stops when it is told to has done nothing wrong.
    const level = this.#leaving ? 'info' : 'error'
    if (this.#exchange.started) {
      log[level](
        this.#fields(),
        'the app returned before its response was complete; the connection is cut',
      )
      this.#transport.destroy()
    } else {
      log[level](this.#fields(), 'the app returned without a response')
      this.#answer(this.#leaving ? 503 : 500)
    }
  }

  #threw(error: unknown): void {
    if ((this.#gone || this.#exchange.ended) && isDisconnect(error)) {
      this.#settings.log.debug(this.#fields(), 'the client left before the response was complete')
      return
    }
    if (this.#exchange.failed) return

    const verdict = judge(error)
    const message = verdict.status === 500 ? 'the app failed' : String(error)
    this.#settings.log[verdict.level](this.#fields(error), message)
    if (!this.#gone) this.#recover(error, verdict)
  }

  // The three moments: complete, so nothing is owed; head announced, so the cut must show; else an answer.
  #recover(error: unknown, { status, closes }: Verdict): void {
    if (this.#exchange.ended) return
    const replaceable = closes && !this.#exchange.headSent
    if (this.#exchange.started && !replaceable) return this.#transport.destroy()

    this.#exchange.restart()
    if (closes) this.#exchange.closeConnection()
    const isShown = status === 500 && this.#settings.debug
    this.#answer(status, isShown ? inspect(error) : undefined)
  }

  #answer(status: number, text?: string): void {
    for (const event of plainResponse(status, text)) this.#send(event).catch(() => undefined)
  }

  #cut(error: unknown): void {
    this.#settings.log.error(this.#fields(error), 'the response broke off; the connection is cut')
    this.#transport.destroy()
  }

  #fields(error?: unknown): Record<string, unknown> {
    const { method, path } = this.#scope
    return error === undefined ? { method, path } : { method, path, err: error }
  }
}

// Node's own APIs reject with an AbortError whose cause is the reason of the signal.
function isDisconnect(error: unknown): boolean {
  if (error instanceof ClientDisconnectedError) return true
  return error instanceof Error && error.cause instanceof ClientDisconnectedError
}
