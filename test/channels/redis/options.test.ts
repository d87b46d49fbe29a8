// The options of redis(), and a process without the package.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { InvalidOptionError } from 'isthmus'
import { redis } from 'isthmus/channels'

const state = vi.hoisted(() => ({ code: undefined as string | undefined }))
vi.mock('node:module', async (load) => {
  const original = await load<{ createRequire: (path: string) => (name: string) => unknown }>()
  return {
    ...original,
    createRequire: (path: string) => (name: string) => {
      if (state.code === undefined) return original.createRequire(path)(name)
      throw Object.assign(new Error('the package fails'), { code: state.code })
    },
  }
})

afterEach(() => {
  state.code = undefined
})

describe('redis()', () => {
  it.each([
    { prefix: '{app}:' },
    { prefix: 7 },
    { maxPending: 0 },
    { maxPendingBytes: 0.5 },
    { pingIntervalMs: Infinity },
    { client: {} },
    { client: 'redis' },
    { maxPendin: 1 },
    { url: 7 },
  ])('refuses the options %j', (options) => {
    expect(() => redis(options as never)).toThrow(InvalidOptionError)
  })

  it('names the command that installs the package', () => {
    state.code = 'MODULE_NOT_FOUND'
    expect(() => redis()).toThrow(
      expect.objectContaining({
        code: 'ISTHMUS_APP_LOAD',
        message: 'redis() needs the package redis: npm install redis',
      }),
    )
    state.code = 'ERR_OTHER'
    expect(() => redis()).toThrow('the package fails')
  })
})
