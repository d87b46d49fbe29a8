// The response of the app inside, on the cheapest way that the middleware have left open.

import { ServerResponse } from 'node:http'
import { AppError, ClientDisconnectedError, IllegalEventError } from '../../errors.ts'
import { isEventStream } from '../../http/content.ts'
import { deferred, rejected } from '../../waiting/deferred.ts'
import { TAKEN } from '../../waiting/taken.ts'
import { mergedFields, setFields } from './fields.ts'
import type {
  HeaderPairs,
  HttpResponseBodyEvent,
  HttpResponseStartEvent,
  Send,
  SendEvent,
} from '../../contract/events.ts'
import type { Deferred } from '../../waiting/deferred.ts'
import type { NodeExchange } from '../node/exchange.ts'
import type { InnerResponse } from '../node/internals.ts'

/**
 * The way of the response: not begun (`open`), past `res` (`past`), through `res.write()` and `res.end()` (`through`), or
 * nowhere, because a middleware has answered (`refused`).
 */
type Way = 'open' | 'past' | 'through' | 'refused'

const NODE = ServerResponse.prototype
const NO_HEADERS: HeaderPairs = []

/** A response that middleware may have extended. */
type ExtendedResponse = InnerResponse & { flush?: unknown }

/** Whether a middleware has replaced the methods through which the body goes, as compression does. */
export function takesBody(res: InnerResponse): boolean {
  return res.write !== NODE.write || res.end !== NODE.end
}

function takesHead(res: InnerResponse): boolean {
  return res.writeHead !== NODE.writeHead || res.setHeader !== NODE.setHeader
}

/** Takes the events that the app inside sends in one exchange. */
export class InnerAnswer {
  /** The app has sent the end of its response. */
  isWhole = false
  readonly #exchange: NodeExchange
  readonly #send: Send
  #way: Way = 'open'
  #hasTrailers = false
  // The app waits for a client that is slow.
  #draining: Deferred<void> | undefined = undefined
  #listensForDrain = false
  #isBodyWhole = false
  #isLateLogged = false

  constructor(exchange: NodeExchange, send: Send) {
    this.#exchange = exchange
    this.#send = send
  }

  /** Whether neither the app nor a middleware has begun the response. */
  get isOpen(): boolean {
    return this.#way === 'open' && !this.#exchange.res.headersSent && !this.#exchange.isOver
  }

  /** A middleware answers: the app sends no more. */
  refuse(): void {
    this.#way = 'refused'
  }

  /** The app has returned. False: the response will not be complete without it. */
  isSettledAtReturn(): boolean {
    const { res } = this.#exchange
    if (this.#way === 'refused') return true
    if (this.#way === 'open') return res.headersSent
    // Trailers that the app has announced and not sent do not hold the end of the body.
    if (this.#way === 'through' && this.#isBodyWhole && !this.isWhole) {
      this.isWhole = true
      res.end()
    }
    return this.isWhole
  }

  /** Takes an event of the app, as `send` does. */
  take(event: SendEvent): Promise<void> {
    switch (this.#way) {
      case 'open':
        return event?.type === 'http.response.start' ? this.#start(event) : this.#send(event)
      case 'past':
        return this.#pass(event)
      case 'through':
        return this.#through(event)
      case 'refused':
        return rejected(new ClientDisconnectedError('a middleware has answered instead of the app'))
    }
  }

  #start(event: HttpResponseStartEvent): Promise<void> {
    const { res, socket } = this.#exchange
    if (this.#exchange.isOver) return rejected(new ClientDisconnectedError())
    if (!this.isOpen || res.writableEnded) {
      this.refuse()
      return this.take(event)
    }
    // The server refuses it, in its own words.
    if (!isStatus(event.status)) return this.#send(event)
    if (res.socket !== (socket as unknown))
      return this.#fail('has given the response another socket')
    try {
      return takesBody(res) ? this.#startThrough(res, event) : this.#startPast(res, event)
    } catch (error) {
      return rejected(error)
    }
  }

  #startPast(res: InnerResponse, event: HttpResponseStartEvent): Promise<void> {
    const { status, headers = NO_HEADERS } = event
    this.#way = 'past'
    this.#hasTrailers = event.trailers === true
    res.statusCode = status
    // Without a listener, and with the methods of node:http, no middleware can see the fields of the app.
    if (res._eventsCount === 0 && !takesHead(res)) {
      const merged = mergedFields(res, headers)
      this.#exchange.passHead()
      return this.#send(merged === headers ? event : { ...event, headers: merged })
    }
    setFields(res, headers)
    res.writeHead(status)
    const head = this.#exchange.passHead()
    if (head === null) return this.#fail('has replaced res.writeHead(), and has made no head')
    if (event.trailers === true) head.trailers = true
    return this.#send(head)
  }

  #startThrough(res: InnerResponse, event: HttpResponseStartEvent): Promise<void> {
    const { status, headers = NO_HEADERS, trailers = false } = event
    setFields(res, headers)
    this.#way = 'through'
    this.#hasTrailers = trailers
    if (trailers) this.#exchange.announceTrailers()
    res.statusCode = status
    // The client needs the head of server-sent events before the first event exists.
    if (isEventStream(String(res.getHeader('content-type') ?? ''))) res.flushHeaders()
    return TAKEN
  }

  #pass(event: SendEvent): Promise<void> {
    const { req, res } = this.#exchange
    if (!this.#isLateLogged && takesBody(res)) this.#logLate()
    const sent = this.#send(event)
    if (!this.#isLast(event)) return sent
    this.isWhole = true
    if (res._eventsCount === 0 && req._eventsCount === 0) this.#exchange.passed()
    else this.#passedAfter(sent)
    return sent
  }

  #passedAfter(sent: Promise<void>): void {
    const exchange = this.#exchange
    sent.then(
      () => exchange.passed(),
      () => exchange.giveUp(),
    )
  }

  #isLast(event: SendEvent): boolean {
    switch (event?.type) {
      case 'http.response.body':
        return event.moreBody !== true && !this.#hasTrailers
      case 'http.response.trailers':
        return event.moreTrailers !== true
      default:
        return event?.type === 'http.response.pathsend' && !this.#hasTrailers
    }
  }

  #through(event: SendEvent): Promise<void> {
    const { res } = this.#exchange
    if (this.#exchange.isOver && !this.isWhole) return rejected(new ClientDisconnectedError())
    try {
      switch (event?.type) {
        case 'http.response.early_hint':
          return this.#send(event)
        case 'http.response.body':
          return this.#write(event)
        case 'http.response.trailers':
          if (this.isWhole) throw illegal(event.type)
          res.addTrailers(event.headers ?? NO_HEADERS)
          if (event.moreTrailers === true) return TAKEN
          this.isWhole = true
          res.end()
          return TAKEN
        default:
          throw illegal(event?.type)
      }
    } catch (error) {
      return rejected(error)
    }
  }

  #write({ body = '', moreBody = false }: HttpResponseBodyEvent): Promise<void> {
    if (this.isWhole || this.#isBodyWhole) throw illegal('http.response.body')
    const { res } = this.#exchange
    // The app may change its bytes when the promise is fulfilled, and a compressor may read them later.
    const chunk = typeof body === 'string' ? body : Buffer.from(body)
    if (!moreBody && !this.#hasTrailers) {
      this.isWhole = true
      if (chunk.length > 0) res.end(chunk)
      else res.end()
      return TAKEN
    }
    this.#isBodyWhole = !moreBody
    // An empty part brings the head to the client.
    if (chunk.length === 0 && !res.headersSent) res.flushHeaders()
    const goesOn = chunk.length === 0 || res.write(chunk)
    // A stream stays a stream: a compressor would keep small chunks.
    const { flush } = res as ExtendedResponse
    if (typeof flush === 'function') flush.call(res)
    if (goesOn) return TAKEN
    return this.#drained(res)
  }

  // One listener for all waits: compression passes a listener for `drain` to a stream of its own, and `res` cannot remove
  // it there.
  #drained(res: InnerResponse): Promise<void> {
    this.#draining ??= deferred()
    if (!this.#listensForDrain) {
      this.#listensForDrain = true
      res.on('drain', () => this.#takeDraining()?.resolve())
      res.on('close', () => this.#takeDraining()?.reject(new ClientDisconnectedError()))
    }
    return this.#draining.promise
  }

  #takeDraining(): Deferred<void> | undefined {
    const draining = this.#draining
    this.#draining = undefined
    return draining
  }

  #logLate(): void {
    this.#isLateLogged = true
    const err = new AppError(
      'a middleware has replaced res.write() or res.end() after the head: the body of the app goes past them; ' +
        'a middleware replaces them before it calls next()',
    )
    this.#exchange.log?.error({ err }, 'a middleware has no effect')
  }

  #fail(fault: string): Promise<void> {
    this.refuse()
    const error = new AppError(`fromConnect(): a middleware ${fault}`)
    this.#exchange.fail(error)
    return rejected(error)
  }
}

function isStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 999
}

function illegal(type: string): IllegalEventError {
  return new IllegalEventError(`${type} is illegal here: middleware of fromConnect() take the body`)
}
