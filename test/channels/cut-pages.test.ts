// The soak of channels in small: pages of two server processes that are cut and return, and a publisher in a thread.

import { describe, expect, it } from 'vitest'
import { runChannels } from '../soak/channels-run.ts'
import { SERVERS, TestServer } from './redis/server.ts'
import type { ChannelsSummary } from '../soak/channels-run.ts'

const RUN = { sockets: 10, messages: 100, rate: 100, cuts: 60, history: 40, seed: 1 }
const GOOD = { published: 100, refused: 0, servers: 2, sockets: 20, uncounted: 0, faults: [] }
const redis = SERVERS.find(({ command }) => command === 'redis-server')

describe.concurrent(
  'pages that are cut and return get each message once and in order, or its number in a gap',
  { timeout: 120_000 },
  () => {
    it('from two processes with cluster()', async () => {
      const summary = await runChannels({ ...RUN, kind: 'cluster', redisUrl: null })
      expect(summary).toMatchObject(GOOD)
      expect(summary.cuts).toBeGreaterThan(0)
      expect(toldOf(summary)).toBe(100 * 20)
    })

    it.skipIf(redis?.missing)('from two processes with redis()', async () => {
      const server = await TestServer.start('redis-server')
      try {
        const summary = await runChannels({ ...RUN, kind: 'redis', redisUrl: server.url })
        expect(summary).toMatchObject(GOOD)
        expect(summary.cuts).toBeGreaterThan(0)
        expect(toldOf(summary)).toBe(100 * 20)
      } finally {
        await server.stop()
      }
    })
  },
)

// The pages have joined before the first message, so that each page gets it, or is told that it is lost.
function toldOf({ delivered, lost }: ChannelsSummary): number {
  return delivered + lost
}
