// The two ends of a connection.

import { TLSSocket } from 'node:tls'
import { tlsFacts } from './tls-facts.ts'
import type { Socket } from 'node:net'
import type { Endpoints } from '../http/request-head.ts'

/**
 * The two ends of `socket`, read once for all of its requests.
 *
 * @param uds the path of the unix socket that the server listens on; null for TCP
 */
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
