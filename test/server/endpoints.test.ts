// The ends of connections whose client has gone.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { trustOfAddresses } from '../../src/http/trusted-peers.ts'
import { endpointsOf, peerOf } from '../../src/server/endpoints.ts'
import { soon } from '../raw/served.ts'
import { resetter } from './resetter.ts'
import type { AddressInfo, Socket } from 'node:net'

it('a client that has reset its TCP connection does not pass for one of a unix socket', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await soon(once(server, 'listening'), 'the port')
  const { port } = server.address() as AddressInfo
  spawnSync(process.execPath, resetter(port, Buffer.of()))
  const [socket] = (await soon(once(server, 'connection'), 'the connection')) as [Socket]
  const { client, server: local } = endpointsOf(socket, null)
  expect(peerOf(socket)).toBeUndefined()
  expect(local).toEqual(['127.0.0.1', port])
  expect(client).not.toBeNull()
  const isTrusted = trustOfAddresses(
    ['unix', 'loopback', 'private', 'link-local'],
    () => new Error(),
  )
  expect(isTrusted(client, 0)).toBe(false)
  socket.destroy()
})
