// One HTTP exchange on node:http: IncomingMessage in, ServerResponse out.

import { announceClose } from '../../http/keep-alive.ts'
import { MAX_REST_BYTES } from '../linger.ts'
import { rawHead } from '../raw-head.ts'
import { keepSpare, spareBytes } from '../spare-bytes.ts'
import { drainRest } from './drain-rest.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { ResponseHead } from '../../async/framing.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { HttpEvents, HttpTransport } from '../engine.ts'

/** Moves bytes between an exchange and node:http. */
export class NodeHttpTransport implements HttpTransport {
  /** The receiver of the reports. The owner sets it before the next turn of the event loop, when reports begin. */
  events: HttpEvents | undefined
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #hasBody: boolean
  #listening = false
  #arrivedBytes = 0
  #closeDelimited = false

  /** @param onClose called when the response is over, complete or not */
  constructor(req: IncomingMessage, res: ServerResponse, hasBody: boolean, onClose: () => void) {
    this.#req = req
    this.#res = res
    this.#hasBody = hasBody
    // A broken upload, or a write to a client that has left, emits 'error', which Node throws without a listener.
    if (hasBody) req.on('error', ignore)
    res.on('error', ignore)
    // 'close' comes once: once() would cost another function.
    res.on('close', () => {
      // After a whole response, the report is harmless.
      this.events?.onDisconnect()
      onClose()
    })
  }

  continue(): void {
    this.#res.writeContinue()
  }

  earlyHint(headers: HeaderPairs): void {
    // writeEarlyHints() accepts fewer Link values than RFC 8288 does, and throws on the others.
    this.#req.socket.write(rawHead(103, headers), 'latin1')
  }

  resume(): void {
    if (!this.#listening) this.#listen()
    this.#req.resume()
  }

  pause(): void {
    this.#req.pause()
  }

  write(part: ResponsePart): boolean {
    const res = this.#res
    if (part.head) {
      if (part.end && this.#leavesRest()) announceClose(part.head)
      this.#writeHead(part.head)
    }
    if (part.trailers) res.addTrailers(part.trailers)
    if (part.end) this.#end(part)
    else if (!res.write(this.#ownBytes(part))) return this.#awaitDrain()
    return true
  }

  destroy(): void {
    const { socket } = this.#req
    // If only the end of the connection ends the body, a clean end would make a cut response look complete.
    if (this.#closeDelimited && socket.remoteAddress) return void socket.resetAndDestroy()
    // The bytes of this turn are still corked. A client that gets no byte may send its request again.
    this.#res.uncork()
    socket.destroy()
  }

  #listen(): void {
    this.#listening = true
    this.#req.on('data', (chunk: Uint8Array) => {
      this.#arrivedBytes += chunk.byteLength
      this.events?.onBody(chunk)
    })
    this.#req.on('end', () => this.events?.onBodyEnd())
  }

  // RFC 9112, 9.6: a rest that is too long is not read for the next request.
  #leavesRest(): boolean {
    if (!this.#hasBody || this.#req.complete) return false
    const { 'content-length': length } = this.#req.headers
    return length === undefined || Number(length) - this.#arrivedBytes > MAX_REST_BYTES
  }

  #awaitDrain(): false {
    this.#res.once('drain', () => this.events?.onDrain())
    return false
  }

  #writeHead(head: ResponseHead): void {
    const res = this.#res
    // Framing, date and connection come from the exchange: node:http must add none.
    res.sendDate = false
    res.removeHeader('connection')
    res.removeHeader('transfer-encoding')
    if (!head.keepAlive) res.shouldKeepAlive = false
    res.writeHead(head.status, flat(head.headers))
    this.#closeDelimited = head.delimiter === 'connection'
  }

  #end(part: ResponsePart): void {
    if (this.#hasBody && !this.#req.complete) drainRest(this.#req)
    const { chunk } = part
    if (chunk === null) this.#res.end()
    else if (typeof chunk === 'string') this.#res.end(bytesOf(part))
    else this.#endWith(chunk)
  }

  // The app may change its bytes when its send() has resolved. It waits for a chunk of at least the high-water mark until
  // the socket has passed it on. It does not wait for less, nor for the end of a response: those are copied.
  #ownBytes(part: ResponsePart): Uint8Array | string {
    const { chunk, size } = part
    const isWaitedFor = size >= this.#res.writableHighWaterMark
    if (typeof chunk === 'string' || chunk === null || isWaitedFor) return bytesOf(part)
    const copy = copyOf(chunk)
    keepSpare(copy.length)
    return copy
  }

  // Slices, as long as the socket passes them on at once: a copy of a large body costs more than the writes.
  #endWith(bytes: Uint8Array): void {
    const res = this.#res
    if (bytes.byteLength <= TEXT_BYTES) return void res.end(latin1Of(bytes), 'latin1')
    let at = 0
    for (; bytes.byteLength - at > SLICE_BYTES && !this.#holdsBytes; at += SLICE_BYTES) {
      const slice = copyOf(bytes.subarray(at, at + SLICE_BYTES))
      res.write(slice)
      res.uncork()
      if (this.#holdsBytes) keepSpare(slice.length)
    }
    const rest = copyOf(bytes.subarray(at))
    res.end(rest)
    if (this.#holdsBytes) keepSpare(rest.length)
  }

  get #holdsBytes(): boolean {
    const { socket } = this.#res
    return socket === null || socket.writableLength > 0
  }
}

const SLICE_BYTES = 64 * 1024
// node:http joins its head with a string, and the socket sends both in one call. With a buffer it would take two.
const TEXT_BYTES = 8 * 1024
const NOTHING = new Uint8Array(0)
const OBS_TEXT = /[\x80-\xff]/

// A head is latin-1. node:http writes it as UTF-8 if a string follows it, and so does flushHeaders().
function bytesOf({ head, chunk }: ResponsePart): Uint8Array | string {
  if (typeof chunk !== 'string') return chunk ?? NOTHING
  return head?.headers.some(([, value]) => OBS_TEXT.test(value)) ? Buffer.from(chunk) : chunk
}

// The method flat() of arrays takes several times as long.
function flat(headers: HeaderPairs): string[] {
  const fields: string[] = []
  for (const pair of headers) fields.push(pair[0], pair[1])
  return fields
}

function copyOf(bytes: Uint8Array): Buffer {
  const copy = spareBytes(bytes.byteLength)
  copy.set(bytes)
  return copy
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function ignore(): void {}
