// Requests of HTTP/2 inside an outer server, which has the compatible objects of node:http2, or those of fromNode().

import { http2Head } from '../http2/head.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Endpoints, RequestHead } from '../../http/request-head.ts'

/** The facts of a request that its {@link IncomingMessage} does not state. */
interface StreamFacts {
  ends: Endpoints
  target: string
  hasBody: boolean
  /** No `100 Continue` has gone out yet. */
  expectsContinue: boolean
}

// The limits of a head are those of the outer server.
const UNLIMITED = {
  maxHeadBytes: Infinity,
  maxHeaderFields: Infinity,
  maxRequestLineBytes: Infinity,
}

/** The stream of a request of node:http2; null for a request of node:http, and for one of fromNode(). */
export function streamOf(message: IncomingMessage | ServerResponse): ServerHttp2Stream | null {
  const { stream } = message as { stream?: Partial<ServerHttp2Stream> | null }
  return typeof stream?.respond === 'function' ? (stream as ServerHttp2Stream) : null
}

/** Whether the response is over: the client has left, or the outer server has answered. */
export function isOver(res: ServerResponse): boolean {
  const stream = streamOf(res)
  const isGone = stream === null ? res.destroyed : stream.destroyed || stream.closed
  return isGone || res.headersSent
}

/** The checked head of `req`, a request of HTTP/2. */
export function streamHead(req: IncomingMessage, facts: StreamFacts): RequestHead {
  const { ends, target, hasBody, expectsContinue } = facts
  const fields = withoutCodings(req.rawHeaders)
  // The last pseudo-field counts: a framework may have changed the method and the URL.
  fields.push(':method', req.method ?? 'GET', ':path', target)
  return { ...http2Head(fields, hasBody, ends, UNLIMITED).head, expectsContinue }
}

// No client sends the field in HTTP/2, but the requests of fromNode() have the one that http2Head() has added.
function withoutCodings(raw: readonly string[]): string[] {
  const fields: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    if (name !== 'transfer-encoding') fields.push(name, raw[at + 1] as string)
  }
  return fields
}
