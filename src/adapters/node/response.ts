// A response of node:http whose head and bytes go to an exchange. Three inner methods are replaced on the object itself:
// Express gives the object another prototype, which would remove the methods of a subclass. Every public method, and every
// error code, is node's own.

import { ServerResponse } from 'node:http'
import type { HeaderPairs } from '../../contract/events.ts'
import type { IncomingMessage } from 'node:http'
import type { Encoding, GivenHeaders, InnerResponse, WriteCallback } from './internals.ts'
import type { ExchangeSocket } from './socket.ts'

/** The receiver of a response. */
export interface ResponseSink {
  /** The head is made; it leaves with the first bytes. */
  start(status: number, headers: HeaderPairs): void
  /** Takes bytes. False: the handler waits for `drain`. */
  write(data: string | Uint8Array, encoding: Encoding, callback: WriteCallback | undefined): boolean
  end(): void
}

/** Makes the response to `req`. */
export type ResponseMaker = (
  req: IncomingMessage,
  socket: ExchangeSocket,
  sink: ResponseSink,
) => InnerResponse

const SINK = Symbol('isthmus.sink')

type SunkResponse = InnerResponse & { [SINK]: ResponseSink }

/** Returns a function that makes responses with the prototype `prototype`, for the reason of `requestMaker()`. */
export function responseMaker(prototype: ServerResponse = ServerResponse.prototype): ResponseMaker {
  function NodeResponse(
    this: SunkResponse,
    req: IncomingMessage,
    socket: ExchangeSocket,
    sink: ResponseSink,
  ): void {
    construct.call(this, req)
    this._storeHeader = storeHeader
    this._send = send
    this._finish = finish
    this[SINK] = sink
    setSocket(this, socket)
    socket._httpMessage = this
  }
  NodeResponse.prototype = prototype
  Object.setPrototypeOf(NodeResponse, ServerResponse)
  const Maker = NodeResponse as unknown as new (
    req: IncomingMessage,
    socket: ExchangeSocket,
    sink: ResponseSink,
  ) => InnerResponse
  return (req, socket, sink) => new Maker(req, socket, sink)
}

// The type of node:http asks for a real socket.
function setSocket(res: { socket: unknown }, socket: ExchangeSocket): void {
  res.socket = socket
}

// In Node the constructor is a function, so it can work on an object with another prototype.
const construct = ServerResponse as unknown as (this: SunkResponse, req: IncomingMessage) => void

// Middleware looks only whether a head exists.
const MADE = 'made\r\n\r\n'

function storeHeader(this: SunkResponse, _statusLine: string, given: GivenHeaders): void {
  const headers = headersOf(this, given)
  // As node's own method does: `strictContentLength` compares with it.
  if (this.strictContentLength) this._contentLength = lengthIn(headers) ?? this._contentLength
  this[SINK].start(this.statusCode, headers)
  this._header = MADE
  this._headerSent = false
}

function send(
  this: SunkResponse,
  data: string | Uint8Array,
  encoding?: Encoding,
  callback?: WriteCallback,
): boolean {
  this._headerSent = true
  return this[SINK].write(data, encoding, callback)
}

function finish(this: SunkResponse): void {
  const inner = ServerResponse.prototype as InnerResponse
  inner._finish.call(this)
  this[SINK].end()
}

function lengthIn(headers: HeaderPairs): number | undefined {
  const found = headers.find(([name]) => name.toLowerCase() === 'content-length')
  return found && Number(found[1])
}

// After setHeader(), writeHead() has added its own fields to the others; else they are only in its argument.
function headersOf(res: ServerResponse, given: GivenHeaders): HeaderPairs {
  const headers: HeaderPairs = []
  const names = res.getHeaderNames()
  if (names.length > 0) for (const name of names) addTo(headers, name, res.getHeader(name))
  else if (isList(given)) addList(headers, given)
  else if (given) for (const name of Object.keys(given)) addTo(headers, name, given[name])
  return headers
}

function isList(given: GivenHeaders): given is readonly unknown[] {
  return Array.isArray(given)
}

function addList(headers: HeaderPairs, given: readonly unknown[]): void {
  if (Array.isArray(given[0])) {
    for (const [name, value] of given as ReadonlyArray<[string, unknown]>) {
      addTo(headers, name, value)
    }
    return
  }
  for (let at = 0; at < given.length; at += 2) addTo(headers, String(given[at]), given[at + 1])
}

function addTo(headers: HeaderPairs, name: string, value: unknown): void {
  if (Array.isArray(value)) for (const each of value) headers.push([name, String(each)])
  else headers.push([name, typeof value === 'string' ? value : String(value)])
}
