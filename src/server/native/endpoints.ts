// Who talks to whom on a connection: the same for all of its requests.

import { tlsFacts } from '../tls-facts.ts'
import { TLSSocket } from 'node:tls'
import type { Socket } from 'node:net'
import type { CycleRequest } from '../cycle-request.ts'
import type { RequestHead } from '../scope.ts'
import type { ParsedHead } from './parser/request-head.ts'

/** What of a request's head is true of its whole connection. */
export type Endpoints = Pick<RequestHead, 'client' | 'server' | 'secure' | 'tls'>

/** The two ends of `socket`; `uds` is the path of the unix socket that it came by. */
export function endpointsOf(socket: Socket, uds: string | null): Endpoints {
  const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = socket
  const local: Endpoints['server'] = localAddress === undefined ? null : [localAddress, localPort]
  return {
    client: remoteAddress === undefined ? null : [remoteAddress, remotePort],
    server: uds === null ? local : [uds, null],
    secure: socket instanceof TLSSocket,
    tls: socket instanceof TLSSocket ? tlsFacts(socket) : null,
  }
}

/** A request between them. Field by field: a spread costs more than all else that is done for a request. */
export function requestBetween(
  ends: Endpoints,
  head: ParsedHead,
  hasBody: boolean,
): RequestHead & CycleRequest {
  return {
    method: head.method,
    target: head.target,
    httpVersion: head.httpVersion,
    headers: head.headers,
    client: ends.client,
    server: ends.server,
    secure: ends.secure,
    tls: ends.tls,
    keepAlive: head.keepAlive,
    acceptsTrailers: head.acceptsTrailers,
    expectsContinue: head.expectsContinue,
    hasBody,
    contentLength: head.contentLength,
  }
}
