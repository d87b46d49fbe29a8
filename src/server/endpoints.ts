// The two ends of a connection.

import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { toldEndsOf } from './proxy-protocol/told-ends.ts'
import { tlsFacts } from './tls-facts.ts'
import type { Endpoints } from '../http/request-head.ts'

// The address belongs to no network (RFC 1122, 3.2.1.3), so that no list of trusted addresses has it.
const HAS_LEFT: [host: string, port: number] = ['0.0.0.0', 0]

/**
 * The peer of `socket`; null for one of a unix socket, which has no address. The peer of a TCP connection that was reset has
 * none either: it must not pass for a unix socket, which a server may trust. Undefined stands for it.
 */
export function peerOf(socket: Socket): Endpoints['client'] | undefined {
  const { remoteAddress, remotePort = 0, localAddress } = socket
  if (remoteAddress !== undefined) return [remoteAddress, remotePort]
  // An object that only looks like a socket was made from a scope.
  return localAddress !== undefined && socket instanceof Socket ? undefined : null
}

/**
 * The two ends of `socket`, read once for all of its requests: those that a proxy has told by the PROXY protocol win.
 *
 * @param uds the path of the unix socket that the server listens on; null for TCP
 */
export function endpointsOf(socket: Socket, uds: string | null): Endpoints {
  const { localAddress, localPort = 0 } = socket
  const told = toldEndsOf(socket)
  const { client = HAS_LEFT } = told ?? { client: peerOf(socket) }
  const local: Endpoints['server'] = localAddress === undefined ? null : [localAddress, localPort]
  return {
    client,
    server: told?.server ?? (uds === null ? local : [uds, null]),
    secure: socket instanceof TLSSocket,
    tls: socket instanceof TLSSocket ? tlsFacts(socket) : null,
  }
}
