// From flags to the options of remote().

import { describe, expect, it } from 'vitest'
import { remoteSettings } from '../../src/adapters/remote/settings.ts'
import { REMOTE_FLAG_DEFAULTS, remoteOptions } from '../../src/cli/remote-options.ts'

describe('the flags of remote() apps', () => {
  it('are by default the defaults of remote()', () => {
    expect(remoteSettings(remoteOptions(REMOTE_FLAG_DEFAULTS))).toEqual(remoteSettings({}))
  })

  it('reach remote()', () => {
    const flags = { ...REMOTE_FLAG_DEFAULTS, retries: 3, healthPath: '/healthz', host: 'target' }
    expect(remoteSettings(remoteOptions(flags))).toMatchObject({
      retries: 3,
      host: 'target',
      health: { path: '/healthz', maxFailures: 3 },
    })
  })
})
