// A worker in store becomes the first thread of the next pool.

import { threads } from 'isthmus'
import { expect, it } from 'vitest'
import { storeWorker, takeStored } from '../../../src/hosting/gateway/warm-worker.ts'
import { served } from '../../raw/served.ts'

const APP = new URL('../../fixtures/threads/pool-app.js', import.meta.url)

it('is taken by a pool without limits of its own, and serves its requests', async () => {
  await storeWorker(null)
  expect(takeStored({ resourceLimits: { maxOldGenerationSizeMb: 64 } })).toBeUndefined()
  await using server = await served(threads(APP, { max: 1 }), { lifespan: 'on', graceMs: 5_000 })
  expect(takeStored({})).toBeUndefined()
  const response = await fetch(`${server.server.url}/burn/1`, {
    signal: AbortSignal.timeout(30_000),
  })
  expect(response.status).toBe(200)
}, 60_000)
