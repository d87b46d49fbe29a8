// The options of migrate(): a refusal names the option and the possible values.

import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.ts'
import { changedSettings, migrateSettings } from '../../src/migrate/settings.ts'
import { saying } from './apps.ts'
import type { MigrateOptions } from '../../src/migrate/options.ts'

const [from, to] = [saying('old'), saying('new')]

describe('migrate()', () => {
  it('has a default for each option', () => {
    expect(migrateSettings({ from, to })).toMatchObject({
      share: 0,
      sticky: { cookie: 'isthmus-migrate' },
      shadow: null,
      compare: { status: true, body: 'json' },
    })
    expect(migrateSettings({ from, to, shadow: {} }).shadow).toEqual({
      rate: 1,
      methods: ['GET', 'HEAD'],
      concurrency: 8,
      timeoutMs: 10_000,
      maxBodyBytes: 1_048_576,
      baseline: false,
    })
  })

  it.each([
    [{ share: 1.1 }, 'option "share" cannot be 1.1: it is a number from 0 to 1'],
    [{ share: Number.NaN }, 'option "share" cannot be NaN'],
    [{ sticky: {} }, 'option "sticky" cannot be {}: it is { cookie: name }'],
    [{ sticky: { cookie: 'a b' } }, 'option "sticky" cannot be'],
    [{ sticky: { cookie: 'a', header: 'b' } }, 'option "sticky" cannot be'],
    [{ sticky: true }, 'option "sticky" cannot be true'],
    [{ shadow: true }, 'option "shadow" cannot be true'],
    [{ shadow: { rate: 2 } }, 'option "shadow.rate" cannot be 2'],
    [
      { shadow: { methods: 'GET' } },
      'option "shadow.methods" cannot be \'GET\': it is a list of names',
    ],
    [{ shadow: { concurrency: 0 } }, 'option "shadow.concurrency" cannot be 0'],
    [{ shadow: { timeoutMs: Infinity } }, 'option "shadow.timeoutMs" cannot be Infinity'],
    [{ shadow: { maxBodyBytes: -1 } }, 'option "shadow.maxBodyBytes" cannot be -1'],
    [{ shadow: { baseline: 1 } }, 'option "shadow.baseline" cannot be 1: it is true or false'],
    [
      { shadow: { timeout: 1 } },
      'unknown option "shadow.timeout"; did you mean "shadow.timeoutMs"?',
    ],
    [{ compare: { headers: ['a b'] } }, 'option "compare.headers" cannot be'],
    [{ compare: { body: 'text' } }, 'option "compare.body" cannot be \'text\''],
    [{ compare: { body: { ignore: ['id'] } } }, 'it is a list of JSON pointers such as'],
    [{ compare: { body: { ignored: [] } } }, 'unknown option "ignored"'],
    [{ onMismatch: 1 }, 'option "onMismatch" cannot be 1: it is a function'],
    [{ redact: [''] }, 'option "redact" cannot be'],
    [{ shares: 1 }, 'unknown option "shares"; did you mean "share"?'],
  ])('refuses %j', (options, message) => {
    const make = (): unknown => migrateSettings({ from, to, ...options } as MigrateOptions)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })
})

describe('set()', () => {
  const settings = migrateSettings({ from, to, share: 0.1, shadow: { rate: 0.5 } })

  it('changes the settings that it is given, and leaves the rest', () => {
    expect(changedSettings(settings, { share: 0.2 })).toEqual({
      share: 0.2,
      shadow: settings.shadow,
    })
    const { share, shadow } = changedSettings(settings, { shadow: { baseline: true } })
    expect([share, shadow?.rate, shadow?.baseline]).toEqual([0.1, 0.5, true])
    expect(changedSettings(settings, { shadow: null })).toEqual({ share: 0.1, shadow: null })
  })

  it('begins a shadow with the defaults', () => {
    const { shadow } = changedSettings({ share: 0, shadow: null }, { shadow: { rate: 0.1 } })
    expect(shadow).toMatchObject({ rate: 0.1, concurrency: 8 })
  })
})
