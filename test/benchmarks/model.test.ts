// The model of a pool: known results of the theory of queues, the bounds of a pool, and the search.

import { describe, expect, it } from 'vitest'
import { answerOf } from '../../benchmarks/model/answer.ts'
import { compareSaturation } from '../../benchmarks/model/compare.ts'
import { needOf } from '../../benchmarks/model/need.ts'
import { HELP, parseModelOptions } from '../../benchmarks/model/options.ts'
import { exponential, logNormal, seeded } from '../../benchmarks/model/random.ts'
import { simulate } from '../../benchmarks/model/simulate.ts'
import type { Load, Setup } from '../../benchmarks/model/simulate.ts'

const LOAD: Load = {
  perSecond: 80,
  arrivals: 'poisson',
  serviceMs: 10,
  variation: 0,
  cpuShare: 1,
  requests: 4_000,
  seed: 1,
}
const SETUP: Setup = {
  processes: 1,
  threads: 1,
  cores: 1,
  loadMs: 0,
  maxQueue: 1_000,
  queueTimeoutMs: 30_000,
  timeoutMs: 30_000,
}

describe('a simulated pool', () => {
  it('agrees with the M/D/1 queue: at 80 % a request waits 13.6 ms in the middle', () => {
    const { waitMs, threadUtilization } = simulate(LOAD, SETUP)
    expect(threadUtilization).toBeCloseTo(0.8, 1)
    expect(waitMs.p50).toBeGreaterThan(11)
    expect(waitMs.p50).toBeLessThan(16)
    expect(waitMs.p99).toBeGreaterThan(70)
    expect(waitMs.p99).toBeLessThan(140)
  })

  it('never waits at a steady rate below its capacity', () => {
    const { answeredMs, waitMs } = simulate({ ...LOAD, arrivals: 'steady' }, SETUP)
    expect(waitMs.p99).toBeCloseTo(0)
    expect(answeredMs.max).toBeCloseTo(10)
  })

  it('gives the same result for the same seed, and another one for another seed', () => {
    const load = { ...LOAD, variation: 1, requests: 500 }
    expect(simulate(load, SETUP)).toEqual(simulate(load, SETUP))
    expect(simulate({ ...load, seed: 2 }, SETUP)).not.toEqual(simulate(load, SETUP))
  })

  it('refuses the part of the load beyond its capacity when its queue is full', () => {
    const load: Load = { ...LOAD, arrivals: 'steady', perSecond: 200 }
    const { refusedShare, answeredMs } = simulate(load, { ...SETUP, maxQueue: 10 })
    expect(refusedShare).toBeCloseTo(0.5, 1)
    // Ten wait, and one runs.
    expect(answeredMs.max).toBeLessThanOrEqual(111)
  })

  it('refuses a request that has waited for queueTimeoutMs, and ends one that runs for timeoutMs', () => {
    const load: Load = { ...LOAD, perSecond: 200, requests: 1_000 }
    expect(simulate(load, { ...SETUP, queueTimeoutMs: 200 }).refusedShare).toBeGreaterThan(0.2)
    const late = simulate(
      { ...LOAD, perSecond: 1, variation: 3, serviceMs: 100, requests: 200 },
      {
        ...SETUP,
        timeoutMs: 300,
      },
    )
    expect(late.timedOutShare).toBeGreaterThan(0)
    expect(late.answeredMs.max).toBeLessThan(2_000)
  })

  it('shares the cores: two threads that compute are no faster on one core, and two that wait are', () => {
    const load: Load = { ...LOAD, perSecond: 150, requests: 1_000 }
    const setup = { ...SETUP, threads: 2 }
    expect(simulate(load, setup).coreUtilization).toBeGreaterThan(0.99)
    expect(simulate({ ...load, cpuShare: 0.1 }, setup).coreUtilization).toBeLessThan(0.2)
    expect(simulate({ ...load, cpuShare: 0.1 }, setup).refusedShare).toBe(0)
  })

  it('spreads the requests over the processes', () => {
    const load: Load = { ...LOAD, perSecond: 150, requests: 2_000 }
    const { threadUtilization } = simulate(load, { ...SETUP, processes: 2, cores: 2 })
    expect(threadUtilization).toBeGreaterThan(0.65)
    expect(threadUtilization).toBeLessThan(0.85)
  })
})

describe('the search', () => {
  const load: Load = { ...LOAD, perSecond: 100, serviceMs: 40, cpuShare: 0.1, requests: 2_000 }
  const wish = { goal: { p99Ms: 100, failedShare: 0.001 }, loopMs: 0.05 }

  it('finds the smallest number of threads that keeps the limits', () => {
    const { candidates, enough } = needOf(load, SETUP, wish)
    expect(candidates.map(({ isEnough }) => isEnough).indexOf(true)).toBe(candidates.length - 1)
    expect(enough?.outcomes.answeredMs.p99).toBeLessThanOrEqual(100)
  })

  it('names the machines for which the cores ask if no number of threads is enough', () => {
    const hard = { ...load, perSecond: 400, cpuShare: 1, requests: 300 }
    const need = needOf(
      hard,
      { ...SETUP, cores: 64 },
      { ...wish, goal: { ...wish.goal, p99Ms: 1 } },
    )
    expect(need.enough).toBeUndefined()
    expect(
      needOf(hard, SETUP, { ...wish, goal: { p99Ms: Infinity, failedShare: 1 } }).machines,
    ).toBe(23)
  })

  it('asks for as many processes as the event loops need', () => {
    const loopMs = 20
    expect(needOf(load, { ...SETUP, cores: 8 }, { ...wish, loopMs }).processes).toBe(3)
  })
})

describe('random numbers', () => {
  it('have their mean', () => {
    const random = seeded(7)
    const meanOf = (next: () => number): number => {
      let sum = 0
      for (let count = 0; count < 20_000; count += 1) sum += next()
      return sum / 20_000
    }
    expect(meanOf(() => exponential(random, 10))).toBeCloseTo(10, 0)
    expect(meanOf(() => logNormal(random, 10, 0.5))).toBeCloseTo(10, 0)
    expect(logNormal(random, 10, 0)).toBe(10)
  })
})

describe('the comparison with the measured scenario saturation', () => {
  it('has both rows at each load, and is near where the queue decides', () => {
    const file = new URL('../../benchmarks/results/results.json', import.meta.url)
    const { rows } = compareSaturation(file)
    expect(rows.map(({ percent }) => percent)).toEqual([80, 100, 120, 80, 100, 120])
    for (const { percent, p50Ms } of rows) {
      if (percent < 120) continue
      expect(Math.abs(p50Ms.simulated / p50Ms.measured - 1)).toBeLessThan(0.25)
    }
  })
})

describe('the command line', () => {
  it('answers with the flags of the command, or with the machines that the load needs', () => {
    const words = '--rate 100 --service-ms 20 --cores 4 --requests 1000 --p99-ms 200'.split(' ')
    const { text, isEnough } = answerOf(parseModelOptions(words))
    expect(isEnough).toBe(true)
    expect(text).toMatch(/p99 200 ms: --workers 1 --threads [2-4]$/m)
    expect(answerOf(parseModelOptions([...words, '--threads', '3'])).text).toContain('1 × 3')
    const hard = answerOf(parseModelOptions([...words, '--rate', '1000']))
    expect(hard.isEnough).toBe(false)
    expect(hard.text).toContain('8 machines with 4 cores')
  })

  it('takes the defaults of threads()', () => {
    const { setup, load } = parseModelOptions(['--rate', '10', '--service-ms', '5'])
    expect(setup).toMatchObject({ maxQueue: 1_000, queueTimeoutMs: 30_000, timeoutMs: 30_000 })
    expect(load).toMatchObject({ perSecond: 10, serviceMs: 5, arrivals: 'poisson' })
    expect(HELP).toContain('--rate')
  })

  it.each([
    [['--service-ms', '5'], '--rate is missing; see --help'],
    [['--rate', 'x', '--service-ms', '5'], '--rate is a number from 0.01 to 100000, not x'],
    [['--rate', '1', '--service-ms', ''], '--service-ms is a number from 0.01 to 600000, not '],
    [['--arrivals', 'odd', '--rate', '1', '--service-ms', '1'], '--arrivals is poisson or steady'],
  ])('refuses %j', (words, message) => {
    expect(() => parseModelOptions(words)).toThrow(message)
  })
})
