// From flags to channels.

import { describe, expect, it } from 'vitest'
import {
  CHANNELS_DEFAULTS,
  CHANNELS_OPTIONS,
  makeChannels,
} from '../../src/cli/channels-options.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'

describe('--channels', () => {
  it('takes memory, cluster, and the URL of a Redis', () => {
    const { kind } = CHANNELS_OPTIONS.channels
    expect(kind.read(['cluster'])).toBe('cluster')
    expect(kind.read(['memory', 'redis://h:1'])).toBe('redis://h:1')
    for (const wrong of ['', 'redis', 'redis://', 'http://h', 'rediss//h']) {
      expect(() => kind.read([wrong])).toThrow('must be memory, cluster, or a URL')
    }
  })

  it('makes channels of this process by default, with the histories', async () => {
    const channelsHistory = { board: { size: 2 } }
    const channels = await makeChannels(
      { ...CHANNELS_DEFAULTS, channelsHistory },
      SILENT_LOG,
      false,
    )
    channels.publish('board', 1)
    using subscription = channels.subscribe()
    expect(await subscription.join('board')).toMatchObject({ position: { offset: 1 } })
    await channels.close()
  })
})

describe('--channels-history', () => {
  const { kind } = CHANNELS_OPTIONS.channelsHistory

  it('takes a number of messages, and an age in seconds', () => {
    expect(kind.read(['board=100', 'room:*=20:60'])).toEqual({
      board: { size: 100, ttlMs: undefined },
      'room:*': { size: 20, ttlMs: 60_000 },
    })
  })

  it('names the form of a wrong text', () => {
    for (const wrong of [
      'board',
      'board=',
      'board=0',
      '=5',
      'board=5:0',
      'board=5:x',
      'a=1:9999999',
    ]) {
      expect(() => kind.read([wrong])).toThrow('must be GROUP=COUNT or GROUP=COUNT:SECONDS')
    }
  })
})
