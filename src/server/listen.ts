// Binds a server of node:net, node:tls or node:http to the place that the options name.

import { once } from 'node:events'
import { reportAcceptErrors } from './accept-errors.ts'
import { listenOnFile } from './socket-file.ts'
import type { Server } from 'node:net'
import type { ServerAddress } from './engine.ts'
import type { Settings } from './options.ts'

/**
 * The options of the sockets that the native engine accepts, with TLS and without: a client that ends its side may
 * still read, and a small write does not wait for more bytes.
 */
export const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true } as const

/** The place, and the connections that may wait there. */
type Place = Pick<
  Settings,
  'host' | 'port' | 'uds' | 'udsMode' | 'udsOwner' | 'fd' | 'backlog' | 'log'
>

/** Listens on an inherited descriptor, a unix socket, or host and port. Rejects with the system's own error. */
export async function listen(server: Server, settings: Place): Promise<ServerAddress> {
  const { host, port, uds, udsMode: mode, udsOwner: owner, fd, backlog, log } = settings
  if (fd === null && uds !== null) await listenOnFile(server, uds, { backlog, mode, owner })
  else await listenOn(server, fd === null ? { host, port, backlog } : { fd })
  // A connection that could not be accepted is no reason to end the process.
  reportAcceptErrors(server, log)
  return addressOf(server, fd === null ? uds : null)
}

async function listenOn(
  server: Server,
  place: { fd: number } | { host: string; port: number; backlog: number },
): Promise<void> {
  try {
    server.listen(place)
    await once(server, 'listening')
  } catch (error) {
    // The system's error does not name the descriptor.
    throw 'fd' in place ? Object.assign(error as Error, { fd: place.fd }) : error
  }
}

function addressOf(server: Server, uds: string | null): ServerAddress {
  const address = server.address()
  if (uds !== null) return { path: uds }
  if (address === null || typeof address === 'string') return { path: address ?? '' }
  return { host: address.address, port: address.port }
}
