// The soak of channels in small: pages of two server processes that are cut and return, and a publisher in a thread.

import { describe, expect, it } from 'vitest'
import { runChannels } from '../soak/channels-run.ts'
import { SERVERS, TestServer } from './redis/server.ts'

const RUN = { sockets: 20, messages: 200, rate: 200, cuts: 60, history: 100, seed: 1 }
const redis = SERVERS.find(({ command }) => command === 'redis-server')

describe(
  'pages that are cut and return get each message once and in order',
  { timeout: 120_000 },
  () => {
    it('from two processes with cluster()', async () => {
      const summary = await runChannels({ ...RUN, kind: 'cluster', redisUrl: null })
      expect(summary).toMatchObject({ published: 200, refused: 0, servers: 2, faults: [] })
      expect(summary.cuts).toBeGreaterThan(0)
    })

    it.skipIf(redis?.missing)('from two processes with redis()', async () => {
      const server = await TestServer.start('redis-server')
      try {
        const summary = await runChannels({ ...RUN, kind: 'redis', redisUrl: server.url })
        expect(summary).toMatchObject({ published: 200, refused: 0, servers: 2, faults: [] })
      } finally {
        await server.stop()
      }
    })
  },
)
