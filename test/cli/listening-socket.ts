// The listening socket of a supervisor, such as systemd.

import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

const DEADLINE_MS = 30_000

/** Listens on a free port. The descriptor is for a child; the caller closes the server when the child has it. */
export async function listening(): Promise<{ server: Server; fd: number; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening', { signal: AbortSignal.timeout(DEADLINE_MS) })
  const { fd } = Reflect.get(server, '_handle') as { fd: number }
  return { server, fd, port: (server.address() as AddressInfo).port }
}
