// Breaks migrate() in one place at a time: then a key check fails. Else the check would prove nothing.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type * as KeyChecks from './key-checks.ts'

const COUNT = 1_000

/** The checks, on fresh modules of which one is broken. */
async function checksWith(path: string, broken: object): Promise<typeof KeyChecks> {
  vi.resetModules()
  vi.doMock(path, async (load) => ({ ...(await load<object>()), ...broken }))
  return import('./key-checks.ts')
}

describe('a check fails', () => {
  afterEach(() => {
    vi.doUnmock('../../src/migrate/compare/answer-differences.ts')
    vi.doUnmock('../../src/migrate/findings/noise.ts')
    vi.doUnmock('../../src/migrate/assignment.ts')
    vi.resetModules()
  })

  it('without a comparison', async () => {
    const path = '../../src/migrate/compare/answer-differences.ts'
    const { findsThePlanted } = await checksWith(path, { answerDifferences: () => undefined })
    await expect(findsThePlanted(COUNT)).rejects.toThrow(/expected \[\] to deeply equal/)
  }, 180_000)

  it('if noise is ignored', async () => {
    const path = '../../src/migrate/findings/noise.ts'
    const { Noise } = await import('../../src/migrate/findings/noise.ts')
    class NoNoise extends Noise {
      override covers(): boolean {
        return false
      }
    }
    const { findsThePlanted } = await checksWith(path, { Noise: NoNoise })
    await expect(findsThePlanted(COUNT)).rejects.toThrow(/to deeply equal/)
  }, 180_000)

  it('if all differences count as noise', async () => {
    const path = '../../src/migrate/findings/noise.ts'
    const { Noise } = await import('../../src/migrate/findings/noise.ts')
    class AllNoise extends Noise {
      override covers(): boolean {
        return true
      }
    }
    const { findsThePlanted } = await checksWith(path, { Noise: AllNoise })
    await expect(findsThePlanted(COUNT)).rejects.toThrow(/expected \[\] to deeply equal/)
  }, 180_000)

  it('if sticky is ignored', async () => {
    const path = '../../src/migrate/assignment.ts'
    const assign = (_scope: unknown, share: number): object => ({
      isNew: Math.random() < share,
      cookie: null,
    })
    const { keepsClients } = await checksWith(path, { assign })
    await expect(keepsClients()).rejects.toThrow(/to deeply equal|to be/)
  })

  it('in no case on the whole modules', async () => {
    vi.resetModules()
    const { findsThePlanted, keepsClients } = await import('./key-checks.ts')
    await expect(findsThePlanted(COUNT)).resolves.toBe(undefined)
    await expect(keepsClients()).resolves.toBe(undefined)
  }, 180_000)
})
