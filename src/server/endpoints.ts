// The two ends of a connection.

import { TLSSocket } from 'node:tls'
import { toldEndsOf } from './proxy-protocol/told-ends.ts'
import { tlsFacts } from './tls-facts.ts'
import type { Socket } from 'node:net'
import type { Endpoints } from '../http/request-head.ts'

/**
 * The two ends of `socket`, read once for all of its requests: those that a proxy has told by the PROXY protocol win.
 *
 * @param uds the path of the unix socket that the server listens on; null for TCP
 */
export function endpointsOf(socket: Socket, uds: string | null): Endpoints {
  const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = socket
  const told = toldEndsOf(socket)
  const peer: Endpoints['client'] = remoteAddress === undefined ? null : [remoteAddress, remotePort]
  const local: Endpoints['server'] = localAddress === undefined ? null : [localAddress, localPort]
  return {
    client: told === undefined ? peer : told.client,
    server: told?.server ?? (uds === null ? local : [uds, null]),
    secure: socket instanceof TLSSocket,
    tls: socket instanceof TLSSocket ? tlsFacts(socket) : null,
  }
}
