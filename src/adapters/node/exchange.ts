// One exchange of a handler of node:http.

import { ConnectionCutError } from '../../errors.ts'
import { BodyFeed } from './body-feed.ts'
import { ResponseWriter } from './response-writer.ts'
import { ExchangeSocket } from './socket.ts'
import type { HttpResponseStartEvent, HttpScope, Receive, Send } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { FeedOwner } from './body-feed.ts'
import type { InnerRequest, InnerResponse, WriteCallback } from './internals.ts'
import type { RequestMaker } from './request.ts'
import type { ResponseMaker } from './response.ts'
import type { SocketOwner } from './socket.ts'
import type { WriterOwner } from './response-writer.ts'

/** The constructors of the objects that a handler gets. */
export interface Makers {
  makeRequest: RequestMaker
  makeResponse: ResponseMaker
}

/** Runs a handler on one scope. */
export class NodeExchange implements SocketOwner, WriterOwner, FeedOwner {
  readonly scope: HttpScope
  readonly socket: ExchangeSocket
  readonly req: InnerRequest
  readonly res: InnerResponse
  readonly #writer: ResponseWriter
  readonly #feed: BodyFeed
  #isGone = false
  // The response is complete, or the client has left.
  #isDone = false
  // An app runs inside of the handler: the end of the response is not yet the end of the exchange.
  #isHeld = false
  #heldError: unknown = undefined
  #isSettled = false
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor({ makeRequest, makeResponse }: Makers, scope: HttpScope, events: [Receive, Send]) {
    const [receive, send] = events
    this.scope = scope
    this.socket = new ExchangeSocket(this)
    this.#writer = new ResponseWriter(send, this)
    this.#feed = new BodyFeed(receive, this)
    this.req = makeRequest(scope, this.socket)
    this.res = makeResponse(this.req, this.socket, this.#writer)
  }

  /** Calls `handler`, and resolves when its response is complete or its client has left. */
  run(handler: (req: InnerRequest, res: InnerResponse) => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.scope['isthmus.exchange']?.onDisconnect(() => this.disconnected())
      this.#call(handler)
    })
  }

  /** Whether the response is complete, its client has left, or the exchange has failed. */
  get isOver(): boolean {
    return this.#isDone || this.#isSettled
  }

  /** An app inside of the handler begins: the promise of `run()` waits for `release()` too. */
  hold(): void {
    this.#isHeld = true
  }

  /** The app inside has ended; with `error`, the promise of `run()` rejects after the end of the response. */
  release(error?: unknown): void {
    this.#isHeld = false
    this.#heldError = error
    if (this.#isDone) this.#settle()
  }

  /** Ends the response without its rest. */
  giveUp(): void {
    if (this.isOver) return
    this.socket.close()
    this.#end()
    this.#settle()
  }

  /** Gives the body of the request to the app inside; false if the handler reads it. */
  giveBody(): boolean {
    return this.#feed.give()
  }

  /** The body of the response will not come by `res`, which gets a made head. Returns the head of `writeHead()`. */
  passHead(): HttpResponseStartEvent | null {
    return this.#writer.passHead()
  }

  /** The next head announces trailers. */
  announceTrailers(): void {
    this.#writer.announcesTrailers = true
  }

  /** The body of the response has gone past `res`. */
  passed(): void {
    if (this.isOver) return
    this.socket.release()
    const { res } = this
    Object.assign(res, { finished: true })
    if (res._eventsCount > 0) res.emit('finish')
    this.finished(NO_CALLBACKS)
  }

  /** The log of the server. */
  get log(): Log | undefined {
    return this.scope['isthmus.exchange']?.log
  }

  get isBodyRead(): boolean {
    return this.#feed.isRead
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes
  }

  pull(): void {
    this.#feed.pull()
  }

  uncorked(): void {
    this.#writer.uncorked()
  }

  interim(text: string): void {
    const status = /^HTTP\/1\.1 (1\d\d) /.exec(text)?.[1]
    if (status === undefined) {
      throw new TypeError(
        'fromNode(): the socket belongs to the server; write to the response instead',
      )
    }
    if (status === '100') this.#feed.pull()
    if (status === '103') this.#writer.hint(linksIn(text))
  }

  cut(error: Error | undefined): void {
    if (this.#writer.isEnded) return this.#feed.lose()
    if (this.#isGone || this.#isDone) return
    this.#end()
    const reason = error ? `: ${error.message}` : ''
    this.fail(new ConnectionCutError(`the handler has destroyed its connection${reason}`))
  }

  timedOut(): void {
    const { req, res, socket } = this
    const isHeard = [
      req.emit('timeout', socket),
      res.emit('timeout', socket),
      socket.emit('timeout'),
    ]
    if (!isHeard.includes(true)) socket.destroy()
  }

  finished(callbacks: readonly WriteCallback[]): void {
    // One of them is node's own, which emits 'finish'.
    for (const callback of callbacks) callback()
    if (this.#isGone) return
    const { res, socket } = this
    if (res.socket === (socket as unknown)) Object.assign(res, { socket: null })
    socket._httpMessage = null
    if (res._eventsCount > 0) process.nextTick(emitClose, res)
    else markClosed(res)
    this.#isDone = true
    if (this.#writer.isHeld) return this.#feed.hold()
    this.#feed.end()
    this.#settle()
  }

  released(): void {
    // A client that has left since then changes nothing for a handler that has ended its response.
    const settle = (): void => this.#settle()
    this.#writer.endHeld().then(settle, settle)
  }

  disconnected(): void {
    if (this.#writer.isEnded) return this.#feed.lose()
    if (this.#isDone || this.#isGone) return
    this.socket.close()
    this.#end()
    this.#settle()
  }

  fail(error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    if (!this.#isGone && !this.#isDone) {
      this.socket.close()
      this.#end()
    }
    this.#reject(error)
  }

  #call(handler: (req: InnerRequest, res: InnerResponse) => unknown): void {
    try {
      const result = handler(this.req, this.res)
      if (isPromise(result)) result.then(undefined, (error: unknown) => this.#handlerFailed(error))
    } catch (error) {
      this.fail(error)
    }
  }

  #handlerFailed(error: unknown): void {
    if (!this.#isSettled) return this.fail(error)
    // The response is over, so that only the log can tell. A handler whose client has left often fails for that reason.
    this.log?.[this.#isGone ? 'debug' : 'error'](
      { err: error },
      'the handler failed after its response',
    )
  }

  #settle(): void {
    this.#isDone = true
    if (this.#isHeld || this.#isSettled) return
    this.#isSettled = true
    if (this.#heldError === undefined) this.#resolve()
    else this.#reject(this.#heldError)
  }

  #end(): void {
    this.#isGone = true
    this.#writer.close()
    this.#feed.close()
    process.nextTick(emitClose, this.res)
  }
}

const NO_CALLBACKS: WriteCallback[] = []

/** Whether a handler has returned a promise, of any realm. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

function linksIn(text: string): string[] {
  const fields = text.split('\r\n').filter((field) => /^link:/i.test(field))
  return fields.map((field) => field.slice('link:'.length).trim())
}

function emitClose(res: InnerResponse): void {
  if (res._closed) return
  markClosed(res)
  res.emit('close')
}

function markClosed(res: InnerResponse): void {
  res.destroyed = true
  res._closed = true
}
