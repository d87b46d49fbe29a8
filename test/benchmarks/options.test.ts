// The command line of the benchmarks.

import { describe, expect, it } from 'vitest'
import { parseOptions } from '../../benchmarks/options.ts'

describe('parseOptions', () => {
  it('has a default for everything', () => {
    expect(parseOptions([], 'apart')).toEqual({
      seconds: 5,
      rounds: 3,
      json: undefined,
      cores: 'apart',
    })
  })

  it('takes what is given', () => {
    const words = ['--seconds', '2', '--rounds=1', '--cores', 'any', '--json', 'a.json']
    expect(parseOptions(words, 'apart')).toEqual({
      seconds: 2,
      rounds: 1,
      json: 'a.json',
      cores: 'any',
    })
  })

  it.each(['0', '61', '1.5', '1e1', '', 'x'])('bounds the load: --seconds=%s', (word) => {
    expect(() => parseOptions([`--seconds=${word}`], 'any')).toThrow(
      `--seconds is a whole number from 1 to 60, got "${word}"`,
    )
  })

  it('knows three ways to share the cores', () => {
    expect(() => parseOptions(['--cores', 'some'], 'any')).toThrow(
      '--cores is one of apart, shared, any, got "some"',
    )
  })
})
