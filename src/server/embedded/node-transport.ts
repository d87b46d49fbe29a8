// One HTTP exchange inside an outer server: the response may have fields of middleware, and may go on to the next handler.

import { appendVary } from '../../http/vary.ts'
import { withoutHostFields } from '../../bridge/host-fields.ts'
import { UnsupportedScopeError } from '../../errors.ts'
import { NodeHttpTransport } from '../node/http-transport.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResponseHead } from '../../async/framing.ts'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'

/** The function that a framework calls the next handler with. */
export type Next = (error?: unknown) => void

/** The request of an exchange, and the handler after it. */
export interface OuterExchange {
  req: IncomingMessage
  res: ServerResponse
  hasBody: boolean
  /** The bytes of a body that was read before. */
  body: Uint8Array | null
  next: Next | undefined
  /** The body flowed before the app got the request. */
  isHeld: boolean
  /** Whether a 404 of the app goes on to `next`. */
  fallthrough: boolean
}

/** Moves bytes between an exchange and the objects of an outer server. */
export class EmbeddedTransport extends NodeHttpTransport {
  readonly #outer: OuterExchange
  #body: Uint8Array | null
  #isReading = false
  #isGone = false
  #listensForDrain = false
  #closeDelimited = false
  #fallthrough: boolean
  #failure: { error: unknown } | undefined

  /** @param onClose called when the response of the outer server is over, complete or not */
  constructor(outer: OuterExchange, onClose: () => void) {
    super(outer.req, outer.res, outer.hasBody, onClose)
    this.#outer = outer
    this.#body = outer.body
    this.#fallthrough = outer.fallthrough
  }

  /** The error goes on to the next handler, in place of the answer. For a scope that the app does not serve, none goes on. */
  failed(error: unknown): boolean {
    const isUnserved = error instanceof UnsupportedScopeError
    if (isUnserved) this.#fallthrough = true
    else this.#failure = { error }
    return isUnserved && this.#outer.next !== undefined
  }

  override resume(): void {
    const body = this.#body
    if (body === null) {
      this.#isReading = true
      return super.resume()
    }
    if (this.#isReading) return
    this.#isReading = true
    queueMicrotask(() => {
      this.events?.onBody(body)
      this.events?.onBodyEnd()
    })
  }

  // While the responses before this one are on their way, node:http would write an interim response into the final one.
  override continue(): void {
    const { res } = this.#outer
    if (res.socket !== null) return res.writeContinue()
    res.once('socket', () => {
      if (!res.headersSent) res.writeContinue()
    })
  }

  override earlyHint(headers: HeaderPairs): void {
    const { res } = this.#outer
    if (res.socket === null) return
    try {
      res.writeEarlyHints({ link: headers.map(([, value]) => value) })
    } catch {
      // It accepts fewer values than RFC 8288 does. A hint may be left out.
    }
  }

  override write(part: ResponsePart): boolean {
    const { res } = this.#outer
    if (part.head !== null && !this.#isGone) this.#begin(part.head)
    if (this.#isGone) return true
    if (part.trailers) this.addTrailers(part.trailers)
    const { chunk } = part
    if (part.end) {
      // A client may read no response before it has sent its body.
      if (this.#outer.hasBody) this.#outer.req.resume()
      // As bytes: middleware that patches end() and write() may read a text in any encoding. A copy, because the app may
      // change its bytes.
      if (chunk === null) res.end()
      else res.end(Buffer.from(chunk as Uint8Array))
      return true
    }
    return this.writeChunk(chunk ?? NOTHING)
  }

  override destroy(): void {
    if (!this.#isGone) this.cut()
  }

  protected cut(): void {
    const { res } = this.#outer
    const { socket } = res
    // If only the end of the connection ends the body, a clean end would make a cut response look complete.
    if (this.#closeDelimited && socket?.remoteAddress) return void socket.resetAndDestroy()
    // The bytes of this turn are still corked. A client that gets no byte may send its request again.
    res.uncork()
    res.destroy()
  }

  #begin(head: ResponseHead): void {
    const { req, res, next, isHeld } = this.#outer
    // The outer server has answered, because of a timeout for example.
    if (res.headersSent) {
      this.#isGone = true
      return this.events?.onDisconnect()
    }
    if (next && this.#goesOn(head.status)) {
      this.#isGone = true
      process.nextTick(goOn, next, this.#failure)
      if (isHeld || this.#isReading) process.nextTick(resume, req)
    } else this.writeHead(head)
  }

  #goesOn(status: number): boolean {
    if (this.#failure !== undefined) return true
    return status === 404 && this.#fallthrough && !this.#isReading
  }

  protected writeChunk(chunk: Uint8Array | string): boolean {
    const { res } = this.#outer
    // A function that a middleware has put in the place of write() may return nothing.
    const isFull = res.write(Buffer.from(chunk as Uint8Array)) === false
    flush(res)
    if (!isFull) return true
    // Not once(): the listener of once() would stay in the stream of a compressor.
    if (!this.#listensForDrain) res.on('drain', () => this.events?.onDrain())
    this.#listensForDrain = true
    return false
  }

  protected addTrailers(trailers: HeaderPairs): void {
    this.#outer.res.addTrailers(trailers)
  }

  protected writeHead({ status, headers, keepAlive, delimiter }: ResponseHead): void {
    const { res } = this.#outer
    const fields = withoutHostFields(headers)
    if (!keepAlive) res.shouldKeepAlive = false
    this.#closeDelimited = delimiter === 'connection'
    const isPlain = res.getHeaderNames().length === 0 && !Object.hasOwn(res, 'writeHead')
    // The reason phrase of an earlier handler is that of another status.
    res.statusMessage = ''
    if (isPlain) return void res.writeHead(status, fields.flat())
    mergeFields(res, fields)
    res.writeHead(status)
  }
}

const NOTHING = new Uint8Array(0)
const LISTS = new Set(['set-cookie', 'link'])

/**
 * Sets fields of the app beside those that the outer server has set.
 *
 * `writeHead()` with fields would keep only the last of a repeated field up to Node 20, and the package on-headers, which many
 * packages use, takes no flat list.
 */
export function mergeFields(res: ServerResponse, fields: HeaderPairs): void {
  const values = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const before = values.get(name)
    if (before) before.push(value)
    else values.set(name, [value])
  }
  for (const [name, own] of values) res.setHeader(name, joined(res, name, own))
  // A length of an earlier handler is that of another body.
  if (!values.has('content-length') && res.hasHeader('content-length'))
    res.removeHeader('content-length')
}

// The cookies, links and varying fields of the outer server stay; of other fields, those of the app count.
function joined(res: ServerResponse, name: string, own: string[]): string | string[] {
  const set = res.getHeader(name)
  const before = set === undefined ? [] : [set].flat().map(String)
  if (LISTS.has(name)) return [...before, ...own]
  if (name === 'vary' && before.length > 0)
    return own.reduce((all, one) => appendVary([all], one), before.join(', '))
  return own.length === 1 ? (own[0] as string) : own
}

// A compressor keeps bytes back. It adds this function to the response; the function of Node itself is another one.
function flush(res: ServerResponse & { flush?: () => void }): void {
  if (Object.hasOwn(res, 'flush')) res.flush?.()
}

function resume(req: IncomingMessage): void {
  req.resume()
}

function goOn(next: Next, failure: { error: unknown } | undefined): void {
  if (failure === undefined) next()
  else next(failure.error ?? new Error(`the app threw ${String(failure.error)}`))
}
