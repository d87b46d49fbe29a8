// A short form of `npm run soak:proxies`.

import { expect, it } from 'vitest'
import { missing } from '../proxies/tools.ts'
import { runBehindProxies } from '../soak/proxies-run.ts'

it(
  'no request fails behind nginx and HAProxy while the workers reload',
  { timeout: 150_000 },
  async ({ skip }) => {
    const reason = missing('nginx') ?? missing('haproxy')
    skip(reason !== null, reason ?? undefined)
    const shape = { durationMs: 1_000, betweenReloadsMs: 100, clients: 4 }
    const { counts, faults, reloads } = await runBehindProxies(shape)
    expect(faults).toEqual([])
    expect(counts).toHaveLength(4)
    expect(reloads).toBeGreaterThan(0)
  },
)
