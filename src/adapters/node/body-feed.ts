// The body of a request: receive() is asked when the handler reads, so a body that the handler does not read is not
// fetched, and `100 Continue` goes out at the first read.

import { AppError } from '../../errors.ts'
import { hasBody } from '../../http/content.ts'
import type { HttpScope, ReceiveEvent } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { InnerRequest, WriteCallback } from './internals.ts'

// The longest time in ms for which a handler may pause a body that it reads on after its response.
const MAX_PAUSE_MS = 30_000

/** The exchange of a feed. */
export interface FeedOwner {
  readonly scope: HttpScope
  readonly req: InnerRequest
  readonly log: Log | undefined
  /** The client has left. */
  disconnected(): void
  fail(error: unknown): void
  /** A body that the feed has held open is whole, or its rest is lost. */
  released(): void
}

/** Feeds the request of one exchange. */
export class BodyFeed {
  readonly #receive: () => Promise<ReceiveEvent>
  readonly #owner: FeedOwner
  #isPulling = false
  #isClosed = false
  #isGiven = false
  // The response is over, and the handler reads on.
  #isHeld = false
  #pauseTimer: NodeJS.Timeout | undefined

  constructor(receive: () => Promise<ReceiveEvent>, owner: FeedOwner) {
    this.#receive = receive
    this.#owner = owner
  }

  /** The handler wants more. */
  pull(): void {
    if (this.#isGiven) return this.#refuse()
    const { req, scope } = this.#owner
    if (this.#isPulling || req.complete || this.#isClosed) return
    if (!hasBody(scope)) return complete(req)
    this.#isPulling = true
    this.#receive().then(
      (event) => this.#received(event),
      (error: unknown) => this.#failed(error),
    )
  }

  /** The app inside of the handler will read the body; false if the handler has begun to read it. */
  give(): boolean {
    const { req, scope } = this.#owner
    if (!hasBody(scope)) return true
    // `readableFlowing` is null until a listener, a pipe or a read asks for data.
    if (req.readableFlowing !== null || req.readableDidRead || req._consuming) return false
    this.#isGiven = true
    return true
  }

  /** Whether the handler reads a body that has not arrived whole. */
  get isRead(): boolean {
    const { req } = this.#owner
    // Without a request body, or after its end, this first line answers.
    if (!req._consuming || req.complete || req.destroyed || this.#isClosed) return false
    if (req.listenerCount('data') + req.listenerCount('readable') > 0) return true
    // resume() alone drops the bytes, as the final handlers of Express and Connect do; the server drops them as well.
    return req.readableFlowing === true && req.listenerCount('end') > 0
  }

  /**
   * The handler has ended its response, and it gets the rest of the body. The feed tells its owner when the body is whole,
   * when the client has left, and after a pause of 30 s of a handler that does not ask for more.
   */
  hold(): void {
    this.#isHeld = true
    if (!this.isRead) return this.#release()
    this.#pauseTimer = setTimeout(pauseEnded, MAX_PAUSE_MS, this).unref()
  }

  /** The rest of a body that is held open will not come. */
  lose(): void {
    if (!this.#isHeld) return
    this.#release()
  }

  /** The handler has not asked for a long time. While it asks, the server has a timeout for the client. */
  pauseEnded(): void {
    if (this.#isPulling) this.#pauseTimer?.refresh()
    else this.lose()
  }

  /** The response is over. A handler that still reads is told that the rest is lost; unread bytes are dropped. */
  end(): void {
    this.#isClosed = true
    const { req } = this.#owner
    if (req._eventsCount === 0 || req.readableEnded || req.destroyed) return
    if (!req._consuming) return dump(req)
    if (!req.complete) req.destroy(aborted())
  }

  /** The connection is gone. */
  close(): void {
    this.#isClosed = true
    const { req } = this.#owner
    if (!req.destroyed) req.destroy(req.complete && req.readableEnded ? undefined : aborted())
  }

  #refuse(): void {
    const { req, log } = this.#owner
    if (this.#isClosed || req.destroyed) return
    const error = new AppError(
      'a middleware reads the body of a request after next(), and the app inside reads it too; ' +
        'a middleware that reads the body calls next() when it has read all',
    )
    const isHeard = req.listenerCount('error') > 0
    if (!isHeard) log?.error({ err: error }, 'a middleware failed')
    failRequest(req, isHeard ? error : undefined)
  }

  #release(): void {
    clearTimeout(this.#pauseTimer)
    this.#isHeld = false
    this.end()
    this.#owner.released()
  }

  #received(event: ReceiveEvent): void {
    this.#isPulling = false
    if (this.#isClosed) return
    this.#pauseTimer?.refresh()
    if (event.type !== 'http.request') return this.#owner.disconnected()
    const { req } = this.#owner
    const { body, moreBody } = event
    const wantsMore = body.length === 0 || req.push(bufferOf(body))
    if (!moreBody) this.#whole(req)
    else if (wantsMore) this.pull()
  }

  #whole(req: InnerRequest): void {
    complete(req)
    if (this.#isHeld) this.#release()
  }

  // The body is too long, or too slow. A handler that listens may answer; else the server answers. Only the request ends,
  // not its socket.
  #failed(error: unknown): void {
    this.#isPulling = false
    const { req } = this.#owner
    if (this.#isHeld) return this.lose()
    if (this.#isClosed || req.listenerCount('error') === 0) return this.#owner.fail(error)
    failRequest(req, error as Error)
  }
}

function pauseEnded(feed: BodyFeed): void {
  feed.pauseEnded()
}

function failRequest(req: InnerRequest, error: Error | undefined): void {
  // The package on-finished reads it: without this line, body parsers wait for the rest.
  Object.assign(req.socket, { readable: false })
  req._destroy = passOn
  req.destroy(error)
}

function complete(req: InnerRequest): void {
  req.complete = true
  req.push(null)
}

function dump(req: InnerRequest): void {
  if (!req.complete) complete(req)
  req.removeAllListeners('data')
  req.resume()
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function passOn(error: Error | null, callback: WriteCallback): void {
  callback(error)
}

// The same error as that of node:http.
function aborted(): Error {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
}
