// From flags to the options of threads().

import { describe, expect, it } from 'vitest'
import { POOL_FLAG_DEFAULTS, poolOptions } from '../../src/cli/pool-options.ts'
import { poolSettings } from '../../src/hosting/gateway/pool-settings.ts'

const TARGET = { url: 'file:///app.js', kind: 'app' } as const

describe('the flags of pools', () => {
  it('are by default the defaults of threads()', () => {
    const { min, ...others } = poolOptions(POOL_FLAG_DEFAULTS)
    expect(min).toBeUndefined()
    expect(poolSettings(TARGET, others)).toEqual(poolSettings(TARGET, {}))
  })

  it('reach the pool', () => {
    const flags = { min: 1, timeoutMs: 60_000, maxOldGenerationSizeMb: 64, buffering: false }
    const settings = poolSettings(TARGET, poolOptions({ ...POOL_FLAG_DEFAULTS, ...flags }))
    expect(settings).toMatchObject({
      min: 1,
      timeoutMs: 60_000,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
      buffering: { maxRequestMemoryBytes: 0 },
      streams: true,
    })
  })
})
