// The kinds of values that options have: the texts that they read, refuse, and show.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as kind from '../../src/cli/option.ts'
import { InvalidOptionError } from '../../src/errors.ts'

/** The value that `read` makes of one text, or the message that refuses it. */
function reading<Value>(of: kind.Kind<Value>) {
  return (given: string): unknown => {
    try {
      return of.read([given])
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidOptionError)
      return (error as Error).message
    }
  }
}

describe('a whole number', () => {
  const read = reading(kind.integer(0, 65_535))

  it('is read in decimal, both ends included', () => {
    expect(['0', '65535', '007'].map(read)).toEqual([0, 65_535, 7])
  })

  it('is refused with its range in every other form', () => {
    for (const given of ['', ' 1', '-1', '+1', '1.0', '1e3', '0x10', '65536', 'NaN', '١', '1\n']) {
      expect(read(given)).toBe('must be a whole number from 0 to 65535')
    }
  })

  it('is a safe integer for every text', () => {
    const any = reading(kind.integer(1, Number.MAX_SAFE_INTEGER))
    const digits = fc.stringMatching(/^\d{1,24}$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits), (given) => {
        const value = any(given)
        expect(typeof value === 'string' || Number.isSafeInteger(value)).toBe(true)
      }),
      { seed: 21, numRuns: 500 },
    )
  })
})

describe('a limit', () => {
  it('is a whole number from its minimum, or none', () => {
    const read = reading(kind.limit(1))
    expect(['1', '1048576', 'none'].map(read)).toEqual([1, 1_048_576, Infinity])
    for (const given of ['0', '', 'None', 'Infinity', '9007199254740993', '1k']) {
      expect(read(given)).toBe('must be a whole number from 1, or "none"')
    }
    expect([kind.limit(1).show(Infinity), kind.limit(1).show(5)]).toEqual(['none', '5'])
  })
})

describe('a limit in MiB', () => {
  it('is a whole number above 0, or none', () => {
    const read = reading(kind.mebibytes)
    expect(['1', '256', 'none'].map(read)).toEqual([1_048_576, 268_435_456, Infinity])
    for (const given of ['0', '', '1.5', 'Infinity', '8589934592', '1M']) {
      expect(read(given)).toBe('must be a whole number of MiB from 1, or "none"')
    }
    expect([Infinity, 1_048_576].map((shown) => kind.mebibytes.show(shown))).toEqual(['none', '1'])
  })
})

describe('seconds', () => {
  const read = reading(kind.seconds)

  it('become milliseconds, fractions too', () => {
    expect(['5', '0', '0.5', '.25', '2.0006'].map(read)).toEqual([5_000, 0, 500, 250, 2_001])
    expect(kind.seconds.show(500)).toBe('0.5')
  })

  it('are refused if they are too long for a timer', () => {
    expect(read('2147483')).toBe(2_147_483_000)
    for (const given of ['2147484', '-1', '1e3', 'Infinity', '', '5s', '1.', '.']) {
      expect(read(given)).toBe('must be seconds from 0 to 2147483, such as 5 or 0.5')
    }
  })

  it('are shown as a text that reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_147_483_000 }), (ms) => {
        expect(kind.seconds.read([kind.seconds.show(ms)])).toBe(ms)
      }),
      { seed: 22, numRuns: 500 },
    )
  })
})

describe('a word', () => {
  it('is one of a few, and the others are listed', () => {
    const read = reading(kind.oneOf('drop', 'refuse', 'dangerous'))
    expect(read('refuse')).toBe('refuse')
    expect(read('Drop')).toBe('must be drop, refuse or dangerous')
  })
})

describe('a text', () => {
  it('is taken unchanged; an optional one is null if it is empty', () => {
    expect(reading(kind.text)('')).toBe('')
    expect(['', 'x'].map(reading(kind.optionalText))).toEqual([null, 'x'])
    expect([kind.optionalText.show(null), kind.optionalText.show('x')]).toEqual(['none', 'x'])
  })

  it('that is a path prefix starts with a slash, or is empty', () => {
    const read = reading(kind.pathPrefix)
    expect(['', '/', '/api'].map(read)).toEqual(['', '/', '/api'])
    expect(read('api')).toBe('must be a path that starts with "/"')
  })
})

describe('seconds, or none', () => {
  it('may be 0', () => {
    const read = reading(kind.secondsOrNone)
    expect(['0', '2.5', 'none'].map(read)).toEqual([0, 2_500, Infinity])
    expect(read('')).toMatch(/^must be seconds from 0/)
    expect([0, Infinity].map((shown) => kind.secondsOrNone.show(shown))).toEqual(['0', 'none'])
  })
})

describe('a limit in seconds', () => {
  it('is milliseconds, or none', () => {
    const read = reading(kind.secondsLimit)
    expect(['60', '0.5', 'none'].map(read)).toEqual([60_000, 500, Infinity])
    const says = 'must be seconds above 0, such as 5 or 0.5, or "none"'
    for (const given of ['0', '0.0001']) expect(read(given)).toBe(says)
    expect(read('-1')).toMatch('must be seconds from 0 to')
    expect([Infinity, 500].map((ms) => kind.secondsLimit.show(ms))).toEqual(['none', '0.5'])
  })
})

describe('addresses', () => {
  it('have commas between them', () => {
    const read = reading(kind.addresses)
    expect(read('10.0.0.0/8, loopback')).toEqual(['10.0.0.0/8', 'loopback'])
    expect(read('')).toMatch('must be addresses')
    expect([null, ['::1', 'unix']].map((list) => kind.addresses.show(list))).toEqual([
      'loopback',
      '::1,unix',
    ])
  })
})

describe('a switch', () => {
  it('is on or off', () => {
    const read = reading(kind.toggle)
    expect(['true', '1', 'false', '0'].map(read)).toEqual([true, true, false, false])
    for (const given of ['', 'yes', 'TRUE']) expect(read(given)).toBe('must be true, 1, false or 0')
  })
})

describe('pairs', () => {
  it('are split at the first "="; the last pair of a key counts', () => {
    expect(kind.pairs.read(['SITE=a=b', 'EMPTY=', 'SITE=c'])).toEqual({ SITE: 'c', EMPTY: '' })
  })

  it('without a key, or without "=", are refused', () => {
    for (const given of ['=x', 'SITE', ''])
      expect(reading(kind.pairs)(given)).toBe('must be KEY=VALUE')
  })

  it('may have any key', () => {
    const read = kind.pairs.read(['__proto__=x'])
    expect(Object.entries(read)).toEqual([['__proto__', 'x']])
  })
})

describe('a value that is given twice', () => {
  it('counts the last time', () => {
    expect(kind.integer(0, 9).read(['1', '2'])).toBe(2)
  })
})
