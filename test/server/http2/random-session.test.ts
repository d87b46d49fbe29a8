// Random frames: no error of the server, no request or connection that stays, and the next client is served.

import { expect, it } from 'vitest'
import { settlesWithin } from '../../../src/waiting/settles-within.ts'
import { served } from '../../raw/served.ts'
import { fuzzedApp, randomSession } from './random-session.ts'
import { StreamClient } from './stream-client.ts'

const SESSIONS = 60
const QUICK = {
  headTimeoutMs: 300,
  keepAliveTimeoutMs: 300,
  bodyTimeoutMs: 500,
  writeTimeoutMs: 300,
  websocket: { pingIntervalMs: 300, pongTimeoutMs: 300, closeTimeoutMs: 300 },
}

// These seeds do not find CVE-2026-27135, which Node 20 has. `npm run soak:http2` runs any number of sessions.
it('sessions of random frames leave nothing behind', async () => {
  await using server = await served(fuzzedApp, { http2: true, ...QUICK })
  const seeds = Array.from({ length: SESSIONS }, (_, index) => index + 1)
  await Promise.all(seeds.map((seed) => randomSession(server.server.address, seed)))
  const rest = async (): Promise<void> => {
    for (;;) {
      const { connections, requests, webSockets } = server.server.stats()
      if (connections + requests.inFlight + webSockets.open === 0) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  await settlesWithin(rest(), 8_000)
  expect(server.server.stats()).toMatchObject({
    connections: 0,
    requests: { inFlight: 0 },
    webSockets: { open: 0 },
  })
  expect(server.lines.filter((line) => line.startsWith('error'))).toEqual([])
  using client = new StreamClient(server.server.url)
  expect((await client.ask()).body).toBe('hello')
})
