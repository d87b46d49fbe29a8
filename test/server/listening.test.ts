// Connections that a listener of the program gives to a server.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { events } from '../../src/bridge/style.ts'
import { serve } from '../../src/server/serve.ts'
import type { AddressInfo, Socket } from 'node:net'
import type { Listener } from '../../src/server/listener.ts'

/** Accepts one connection, which is read from the first moment, as Node reads a socket that another process sends. */
async function givenSocket(): Promise<Socket> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  onTestFinished(() => void client.destroy())
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  return socket
}

const app = events(async () => undefined)

describe('a listener of the program', () => {
  it.each(['native', 'node'] as const)(
    'may give a connection that fails before the %s engine reads it',
    async (engine) => {
      let give: ((socket: Socket) => void) | undefined
      const listener: Listener = {
        address: { host: '127.0.0.1', port: 0 },
        open: (accept) => {
          give = accept
        },
        close: async () => undefined,
      }
      await using server = await serve(app, { listener, engine })
      const socket = await givenSocket()
      give?.(socket)
      const closed = new Promise((resolve) => socket.once('close', resolve))
      // Without a listener, it would be an uncaught exception, which ends the process.
      expect(() => socket.emit('error', new Error('read ECONNRESET'))).not.toThrow()
      socket.destroy()
      await closed
      expect(server.stats().connections).toBe(0)
    },
  )
})
