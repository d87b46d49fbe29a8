// One HTTP exchange on the compatible objects of node:http2.

import { NO_ERROR } from '../http2/error-codes.ts'
import { trailerFields } from '../http2/fields.ts'
import { cutStream } from '../http2/response-stream.ts'
import { EmbeddedTransport, mergeFields } from './node-transport.ts'
import type { ServerHttp2Stream } from 'node:http2'
import type { ResponseHead } from '../../async/framing.ts'
import type { ResponsePart } from '../../async/http-exchange.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { OuterExchange } from './node-transport.ts'

/** Moves bytes between an exchange and the objects of an outer server of HTTP/2. */
export class StreamTransport extends EmbeddedTransport {
  readonly #stream: ServerHttp2Stream
  readonly #outer: OuterExchange

  /** @param onClose called when the response of the outer server is over, complete or not */
  constructor(outer: OuterExchange, stream: ServerHttp2Stream, onClose: () => void) {
    super(outer, onClose)
    this.#outer = outer
    this.#stream = stream
  }

  override write(part: ResponsePart): boolean {
    // RFC 9113, 8.1: after a whole response the server asks the client to stop its upload, without an error.
    if (part.end && this.#outer.hasBody) this.#stream.once('finish', () => this.#giveUpRest())
    return super.write(part)
  }

  protected override writeChunk(chunk: Uint8Array | string): boolean {
    // node:http2 has ended the stream of a response that has no body.
    return this.#stream.writableEnded || super.writeChunk(chunk)
  }

  // HTTP/2 has no reason phrase, and node:http2 refuses several fields where one is meant: those go as one list.
  protected override writeHead({ status, headers }: ResponseHead): void {
    const { res } = this.#outer
    mergeFields(res, pairsOf(headers))
    res.writeHead(status)
  }

  protected override addTrailers(trailers: HeaderPairs): void {
    this.#outer.res.addTrailers(Object.fromEntries(pairsOf(trailers)))
  }

  // destroy() of node:http2 may reset the stream without an error, which a client takes for a whole response.
  protected override cut(): void {
    cutStream(this.#stream)
  }

  #giveUpRest(): void {
    if (!this.#stream.readableEnded) this.#stream.close(NO_ERROR)
  }
}

function pairsOf(headers: HeaderPairs): HeaderPairs {
  return Object.entries(trailerFields(headers)).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, String(one)]),
  )
}
