// Binds a server of node:net, node:tls or node:http to the place that the options name.

import type { Server } from 'node:net'
import type { ServerAddress } from './engine.ts'
import type { Settings } from './options.ts'

/**
 * The options of the sockets that the native engine accepts, with TLS and without: a client that ends its side may
 * still read, and a small write does not wait for more bytes.
 */
export const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true } as const

/** Listens on an inherited descriptor, a unix socket, or host and port. Rejects with the system's own error. */
export function listen(server: Server, settings: Settings): Promise<ServerAddress> {
  const { host, port, uds, fd, backlog, log } = settings
  return new Promise((resolve, reject) => {
    // The system's error does not name the descriptor.
    const onError = (error: Error): void =>
      reject(fd === null ? error : Object.assign(error, { fd }))
    server.once('error', onError)
    const onListening = (): void => {
      server.removeListener('error', onError)
      // A connection that could not be accepted (EMFILE …) is no reason to end the process.
      server.on('error', (err) => log.error({ err }, 'accepting failed'))
      resolve(addressOf(server))
    }
    if (fd !== null) server.listen({ fd }, onListening)
    else if (uds !== null) server.listen({ path: uds, backlog }, onListening)
    else server.listen({ host, port, backlog }, onListening)
  })
}

function addressOf(server: Server): ServerAddress {
  const address = server.address()
  if (address === null || typeof address === 'string') return { path: address ?? '' }
  return { host: address.address, port: address.port }
}
