import { tmpdir } from 'node:os'
import { threadedMiddleware, threads } from 'isthmus'
import { describe, expect, it } from 'vitest'
import { poolSettings } from '../../../../src/hosting/gateway/pool-settings.ts'
import type { ThreadOptions } from 'isthmus'
import type { BufferingSettings } from '../../../../src/hosting/gateway/buffering/buffering-settings.ts'

const APP = new URL('file:///app.js')
const MIB = 1024 * 1024

function settingsOf(buffering: ThreadOptions['buffering']): BufferingSettings {
  return poolSettings({ url: APP.href, kind: 'app' }, { buffering }).buffering
}

describe('the option buffering', () => {
  it('has a default for each bound', () => {
    const defaults = {
      maxRequestMemoryBytes: MIB,
      maxRequestFileBytes: 1024 * MIB,
      maxResponseMemoryBytes: MIB,
      maxResponseFileBytes: 64 * MIB,
      maxTotalFileBytes: 4096 * MIB,
      directory: tmpdir(),
    }
    expect(settingsOf(undefined)).toEqual(defaults)
    expect(settingsOf({})).toEqual(defaults)
    expect(settingsOf({ maxRequestFileBytes: 0, directory: undefined })).toEqual({
      ...defaults,
      maxRequestFileBytes: 0,
    })
    expect(settingsOf({ maxTotalFileBytes: Infinity }).maxTotalFileBytes).toBe(Infinity)
  })

  it('has no bound above 0 if it is false', () => {
    const { directory: _directory, ...bounds } = settingsOf(false)
    expect(new Set(Object.values(bounds))).toEqual(new Set([0]))
  })

  it.each<[given: unknown, message: string]>([
    [true, 'option "buffering" cannot be true: it is false, or an object of options'],
    [1, 'option "buffering" cannot be 1: it is false, or an object of options'],
    [null, 'option "buffering" cannot be null: it is an object of options'],
    [
      { maxRequestMemoryBytes: -1 },
      'option "buffering.maxRequestMemoryBytes" cannot be -1: it is a whole number of at least 0, or Infinity',
    ],
    [
      { maxResponseFileBytes: '1 MiB' },
      `option "buffering.maxResponseFileBytes" cannot be '1 MiB': it is a whole number of at least 0, or Infinity`,
    ],
    [
      { maxTotalFileBytes: 0.5 },
      'option "buffering.maxTotalFileBytes" cannot be 0.5: it is a whole number of at least 0, or Infinity',
    ],
    [{ directory: '' }, `option "buffering.directory" cannot be '': it is the path of a directory`],
    [
      { maxRequestBytes: 1 },
      'unknown option "buffering.maxRequestBytes"; did you mean "buffering.maxRequestFileBytes"?',
    ],
  ])('refuses %j', (given, message) => {
    const options = { buffering: given } as ThreadOptions
    expect(() => threads(APP, options)).toThrow(`threads(): ${message}`)
    expect(() => threadedMiddleware(APP, options)).toThrow(`threadedMiddleware(): ${message}`)
  })
})
