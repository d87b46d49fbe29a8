// The checks that matter most. The mutations run them on a broken migrate() and expect them to fail.

import { expect } from 'vitest'
import { migrate } from '../../src/migrate.ts'
import { testClient } from '../../src/testing/test-client.ts'
import { saying } from './apps.ts'
import { PLANTED } from './shop.ts'
import { tenThousand } from './ten-thousand.ts'

const NOISY = ['body /at', 'body /requestId', 'body /tags']

/** With a baseline the shadow finds the planted differences, and nothing else. */
export async function findsThePlanted(count: number): Promise<void> {
  const { shadow, stood } = await tenThousand(true, count)
  expect(stood).toEqual(PLANTED)
  expect(shadow).toMatchObject({ compared: count, failed: 0, skipped: {} })
  expect(shadow.matches + shadow.mismatches).toBe(count)
  expect(shadow.noise).toBeGreaterThan(count)
  const parts = shadow.last.flatMap(({ differences }) => differences.map(({ part }) => part))
  expect(parts.filter((part) => NOISY.includes(part))).toEqual([])
}

/** Without a baseline the shadow reports the noise too. */
export async function reportsTheNoise(count: number): Promise<void> {
  const { shadow, stood } = await tenThousand(false, count)
  expect(stood).toEqual(expect.arrayContaining(NOISY.map((part) => `GET /orders/#: ${part}`)))
  expect([shadow.noise, shadow.compared]).toEqual([0, count])
}

/** A client keeps its app: at the same share, and when the share grows. */
export async function keepsClients(): Promise<void> {
  const app = migrate({ from: saying('old'), to: saying('new'), sticky: { header: 'x-user' } })
  await using client = await testClient(app)
  const answersAt = async (share: number): Promise<string[]> => {
    app.set({ share })
    const users = Array.from({ length: 100 }, (_, user) => ({ 'x-user': `u${user}` }))
    return Promise.all(users.map(async (headers) => (await client.get('/', { headers })).text()))
  }
  const few = await answersAt(0.1)
  const half = await answersAt(0.5)
  expect(await answersAt(0.5)).toEqual(half)
  expect(few.every((text, user) => text === 'old' || half[user] === 'new')).toBe(true)
  expect(new Set(await answersAt(0))).toEqual(new Set(['old']))
  expect(await answersAt(0.1)).toEqual(few)
}
