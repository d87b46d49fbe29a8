// A scope as a request of node:http.

import { IncomingMessage } from 'node:http'
import { targetOf } from './target.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { InnerRequest } from './internals.ts'
import type { ExchangeSocket } from './socket.ts'

/** Makes the request of an exchange. */
export type RequestMaker = (scope: HttpScope, socket: ExchangeSocket) => InnerRequest

/**
 * Returns a function that makes requests with the prototype `prototype`. Express replaces the prototype of each request
 * by its own, which costs V8 several microseconds, and makes the object slow from then on. For an object that is born
 * with this prototype the replacement changes nothing.
 */
export function requestMaker(prototype: IncomingMessage = IncomingMessage.prototype): RequestMaker {
  function NodeRequest(this: InnerRequest, scope: HttpScope, socket: ExchangeSocket): void {
    construct.call(this, socket)
    const { httpVersion } = scope
    // node:http2 names its version so too.
    this.httpVersion = httpVersion === '2' ? '2.0' : httpVersion
    this.httpVersionMajor = httpVersion === '2' ? 2 : 1
    this.httpVersionMinor = httpVersion === '1.1' ? 1 : 0
    this.method = scope.method
    const { url, mount } = targetOf(scope)
    this.url = url
    if (mount) Object.assign(this, mount)
    this._addHeaderLines(lines(scope), scope.headers.length * 2)
  }
  NodeRequest.prototype = prototype
  // V8 reserves the fields of an object by its constructor and the constructors above: without this line it moves them
  // again and again.
  Object.setPrototypeOf(NodeRequest, IncomingMessage)
  const Maker = NodeRequest as unknown as new (
    scope: HttpScope,
    socket: ExchangeSocket,
  ) => InnerRequest
  return (scope, socket) => new Maker(scope, socket)
}

// In Node the constructor is a function, so it can work on an object with another prototype.
const construct = IncomingMessage as unknown as (this: InnerRequest, socket: ExchangeSocket) => void

function lines({ headers }: HttpScope): string[] {
  const raw: string[] = []
  for (const pair of headers) raw.push(pair[0], pair[1])
  return raw
}
