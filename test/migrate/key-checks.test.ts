// 10,000 requests through a shadow: five planted differences, three noisy fields. And clients that keep their app.

import { describe, expect, it } from 'vitest'
import { findsThePlanted, keepsClients, reportsTheNoise } from './key-checks.ts'

describe('migrate()', () => {
  it('finds all planted differences among 10,000 requests with a baseline, and nothing else', async () => {
    await expect(findsThePlanted(10_000)).resolves.toBe(undefined)
  }, 180_000)

  it('reports the noise too without a baseline', async () => {
    await expect(reportsTheNoise(1_000)).resolves.toBe(undefined)
  }, 180_000)

  it('keeps each client at its app, also after a rollback', async () => {
    await expect(keepsClients()).resolves.toBe(undefined)
  })
})
