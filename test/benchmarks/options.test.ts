// The command line of the benchmarks.

import { describe, expect, it } from 'vitest'
import { listOf, parseOptions } from '../../benchmarks/options.ts'
import { SCENARIOS } from '../../benchmarks/scenarios/all.ts'

describe('parseOptions', () => {
  it('has a default for everything: all scenarios, three rounds', () => {
    expect(parseOptions([])).toMatchObject({
      only: [],
      rounds: 3,
      isQuick: false,
      isCheck: false,
      isPublish: false,
      json: undefined,
    })
  })

  it('takes the given words', () => {
    const words = [
      '--only',
      'mixed,hello',
      '--only=echo',
      '--seconds',
      '0.3',
      '--rounds=7',
      '--json',
      'a.json',
    ]
    expect(parseOptions(words)).toMatchObject({
      only: ['mixed', 'hello', 'echo'],
      seconds: 0.3,
      rounds: 7,
      json: 'a.json',
    })
  })

  it('takes one round to be quick, and more of everything to check and to publish', () => {
    const rounds = (word: string): number => parseOptions([word]).rounds
    expect(rounds('--quick')).toBe(1)
    expect(rounds('--check')).toBeGreaterThan(3)
    expect(rounds('--publish')).toBeGreaterThan(3)
  })

  it.each(['0', '61', '1e1', '', 'x'])('bounds the load: --seconds=%s', (word) => {
    expect(() => parseOptions([`--seconds=${word}`])).toThrow(
      `--seconds is a number from 0.1 to 60, got "${word}"`,
    )
  })

  it('names the scenarios that there are when one is not', () => {
    expect(() => parseOptions(['--only', 'helo'])).toThrow('no scenario "helo"; there are hello, ')
  })

  it('refuses two kinds of run at once, and to publish a part', () => {
    expect(() => parseOptions(['--quick', '--publish'])).toThrow('choose one')
    expect(() => parseOptions(['--publish', '--only', 'echo'])).toThrow('leave out --only')
  })
})

describe('listOf', () => {
  it('has a line for every scenario', () => {
    const names = listOf()
      .split('\n')
      .map((line) => line.split(' ')[0])
    expect(names).toEqual(SCENARIOS.map(({ id }) => id))
  })
})
