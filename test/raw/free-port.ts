// A port of 127.0.0.1 that was free a moment ago.

import { once } from 'node:events'
import { createServer } from 'node:net'

/** Takes a free port, and gives it back. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
