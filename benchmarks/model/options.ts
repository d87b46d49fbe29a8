// The command line of the model.

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { POOL_DEFAULTS } from '../../src/hosting/gateway/pool-settings.ts'
import type { Goal } from './need.ts'
import type { Load, Setup } from './simulate.ts'

/** The options of a run. */
export interface ModelOptions {
  load: Load
  setup: Omit<Setup, 'threads'>
  goal: Goal
  /** The time of the event loop for a request, in ms. */
  loopMs: number
  /** The one number of threads to look at; undefined: the model looks for it. */
  threads: number | undefined
  isHelp: boolean
  /** Compares the model with the scenario `saturation` of benchmarks/results/results.json. */
  isCheck: boolean
}

interface Place {
  fallback: number
  least: number
  most: number
}

/** Each option, with its default and its bounds. `NaN`: there is no default. */
const NUMBERS = {
  rate: { fallback: NaN, least: 0.01, most: 100_000 },
  'service-ms': { fallback: NaN, least: 0.01, most: 600_000 },
  variation: { fallback: 0.5, least: 0, most: 10 },
  'cpu-share': { fallback: 1, least: 0, most: 1 },
  'loop-ms': { fallback: 0.05, least: 0, most: 1_000 },
  'p99-ms': { fallback: Infinity, least: 0.01, most: Infinity },
  'failed-percent': { fallback: 0.1, least: 0, most: 100 },
  cores: { fallback: availableParallelism(), least: 1, most: 1_024 },
  processes: { fallback: 1, least: 1, most: 1_024 },
  threads: { fallback: 0, least: 0, most: 1_024 },
  queue: { fallback: POOL_DEFAULTS.maxQueue, least: 0, most: 1_000_000 },
  'queue-timeout-ms': { fallback: POOL_DEFAULTS.queueTimeoutMs, least: 1, most: 1e9 },
  'timeout-ms': { fallback: POOL_DEFAULTS.timeoutMs, least: 1, most: 1e9 },
  'load-ms': { fallback: 200, least: 0, most: 60_000 },
  requests: { fallback: 20_000, least: 100, most: 1_000_000 },
  seed: { fallback: 1, least: 0, most: 4_294_967_295 },
} satisfies Record<string, Place>

type NumberName = keyof typeof NUMBERS

export const HELP = `npm run model -- --rate N --service-ms N [options]

  --rate N              requests a second for all processes together
  --service-ms N        the mean time that a request has its thread
  --variation N         the standard deviation of that time, as a part of the mean (0.5)
  --cpu-share N         the part of that time in which the request computes (1)
  --loop-ms N           the time of the event loop for a request (0.05)
  --p99-ms N            the goal: the 99th percentile from the arrival to the end
  --failed-percent N    the goal: the most requests that get 503 or 504 (0.1)
  --cores N             the cores of the machine (those of this one)
  --processes N         at least so many worker processes (1)
  --threads N           look at this number of threads only, for each process
  --queue N             maxQueue of each process (1000)
  --queue-timeout-ms N  queueTimeoutMs (30000)
  --timeout-ms N        timeoutMs (30000)
  --load-ms N           the start of a thread with its app (200)
  --arrivals NAME       poisson, or steady (poisson)
  --requests N          the length of the simulation (20000)
  --seed N              another seed gives other random numbers (1)
  --check               compare the model with the measured scenario saturation
`

/**
 * Reads the words of the command line.
 *
 * @throws Error for an unknown option, a missing one, or an impossible value
 */
export function parseModelOptions(words: string[]): ModelOptions {
  const named = Object.fromEntries(
    Object.keys(NUMBERS).map((name) => [name, { type: 'string' as const }]),
  )
  const { values } = parseArgs({
    args: words,
    options: {
      ...named,
      arrivals: { type: 'string', default: 'poisson' },
      help: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  })
  const isHelp = values.help === true
  const isCheck = values.check === true
  const given = values as Partial<Record<NumberName, string>>
  const of = (name: NumberName): number => numberOf(name, given[name], isHelp || isCheck)
  const { arrivals } = values
  if (arrivals !== 'poisson' && arrivals !== 'steady')
    throw new Error(`--arrivals is poisson or steady, not ${arrivals}`)
  return {
    load: {
      perSecond: of('rate'),
      arrivals,
      serviceMs: of('service-ms'),
      variation: of('variation'),
      cpuShare: of('cpu-share'),
      requests: Math.round(of('requests')),
      seed: of('seed'),
    },
    setup: {
      processes: Math.round(of('processes')),
      cores: of('cores'),
      loadMs: of('load-ms'),
      maxQueue: of('queue'),
      queueTimeoutMs: of('queue-timeout-ms'),
      timeoutMs: of('timeout-ms'),
    },
    goal: { p99Ms: of('p99-ms'), failedShare: of('failed-percent') / 100 },
    loopMs: of('loop-ms'),
    threads: of('threads') === 0 ? undefined : Math.round(of('threads')),
    isHelp,
    isCheck,
  }
}

function numberOf(name: NumberName, text: string | undefined, mayMiss: boolean): number {
  const { fallback, least, most } = NUMBERS[name]
  if (text === undefined) {
    if (Number.isNaN(fallback) && !mayMiss) throw new Error(`--${name} is missing; see --help`)
    return fallback
  }
  const value = Number(text)
  if (text.trim() === '' || !(value >= least && value <= most))
    throw new Error(`--${name} is a number from ${least} to ${most}, not ${text}`)
  return value
}
