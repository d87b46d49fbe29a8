// A WebSocket on a stream of HTTP/2: the handshake of an extended CONNECT (RFC 8441).

import { Buffer } from 'node:buffer'
import { NO_ERROR } from './error-codes.ts'
import { responseFields } from './fields.ts'
import { ResponseStream } from './response-stream.ts'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { RequestHead } from '../../http/request-head.ts'
import type { HandshakeAnswer, UpgradeRequest } from '../websocket/acceptor.ts'

/** The request to upgrade one stream, and the way in which it is answered. */
export class StreamUpgrade implements UpgradeRequest, HandshakeAnswer {
  readonly head: RequestHead
  readonly socket: Socket
  readonly firstBytes: Buffer = Buffer.alloc(0)
  readonly answer: HandshakeAnswer = this
  readonly #stream: ServerHttp2Stream
  readonly #denial: ResponseStream

  constructor(head: RequestHead, stream: ServerHttp2Stream) {
    this.head = head
    this.#stream = countBytes(stream)
    this.#denial = new ResponseStream(stream)
    // The WebSocket uses only the members of a Duplex, and bytesRead.
    this.socket = stream as unknown as Socket
  }

  accept(subprotocol: string | null, headers: HeaderPairs): boolean {
    const stream = this.#stream
    if (stream.destroyed || stream.closed) return false
    const fields = responseFields(200, headers)
    if (subprotocol !== null) fields['sec-websocket-protocol'] = subprotocol
    stream.respond(fields, { sendDate: false } as object)
    return true
  }

  write(part: ResponsePart): boolean {
    const isFlowing = this.#denial.write(part)
    if (part.end) this.#giveUp()
    else if (!isFlowing) this.#stream.prependOnceListener('drain', () => this.#denial.onDrain())
    return isFlowing
  }

  #giveUp(): void {
    if (this.#denial.isWritten) this.#stream.close(NO_ERROR)
    else this.#stream.once('drain', () => this.#onLastDrain())
  }

  #onLastDrain(): void {
    this.#denial.onDrain()
    this.#giveUp()
  }
}

type CountedStream = ServerHttp2Stream & { bytesRead?: number }

function countBytes(stream: CountedStream): ServerHttp2Stream {
  stream.bytesRead = 0
  stream.push = pushCounted
  return stream
}

function pushCounted(this: CountedStream, chunk: Uint8Array | null): boolean {
  if (chunk !== null) this.bytesRead = (this.bytesRead ?? 0) + chunk.byteLength
  return (Object.getPrototypeOf(this) as ServerHttp2Stream).push.call(this, chunk)
}
