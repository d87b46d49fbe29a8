// Random publications, joins, cuts, restarts and trims: no duplicate, no other order, no loss that is not told.

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LocalChannels } from '../../../src/channels/local-channels.ts'
import { MemoryBroker } from '../../../src/channels/memory/broker.ts'
import { settingsOf } from '../../../src/channels/options.ts'
import { mutant, MUTATIONS } from './mutants.ts'
import { actions, faultsOf } from './play.ts'
import { inMemory, overFakeBrokers } from './stage.ts'
import type { Action } from './play.ts'
import type { Implementation, Stage } from './stage.ts'

const SOURCES: Implementation = { LocalChannels, MemoryBroker, settingsOf }
/** The variable RECOVERY_RUNS makes a longer run. */
const RUNS = Number(process.env['RECOVERY_RUNS'] ?? 150)

// Histories have a clock of their own.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

/** Each play of random actions follows the rules; else the error has the shortest play that does not. */
async function followsTheRules(
  open: () => Stage,
  parameters: fc.Parameters<[Action[]]>,
): Promise<void> {
  const property = fc.asyncProperty(actions, async (given) => {
    expect(await faultsOf(open(), given)).toEqual([])
  })
  await fc.assert(property, parameters)
}

describe('each consumer gets each message once and in order, or a gap', () => {
  it('in memory', async () => {
    const runs = followsTheRules(() => inMemory(SOURCES), { numRuns: RUNS })
    await expect(runs).resolves.toBeUndefined()
  }, 600_000)

  it('over a broker that delays, repeats and loses messages, and that restarts', async () => {
    const runs = followsTheRules(() => overFakeBrokers(SOURCES), { numRuns: RUNS })
    await expect(runs).resolves.toBeUndefined()
  }, 600_000)
})

describe('a planted fault is found', () => {
  it.each(MUTATIONS)(
    '$name',
    async (mutation) => {
      const broken = await mutant(mutation)
      const runs = followsTheRules(() => overFakeBrokers(broken), {
        numRuns: 2_000,
        seed: 5,
        endOnFailure: true,
      })
      await expect(runs).rejects.toThrow('Property failed')
    },
    60_000,
  )
})
