// The command line of the benchmarks.

import { parseArgs } from 'node:util'
import { SCENARIOS, scenarioOf } from './scenarios/all.ts'
import type { Pace } from './scenarios/scenario.ts'

/** The options of a run. */
export interface Options extends Pace {
  /** Names of scenarios; empty for all. */
  only: readonly string[]
  rounds: number
  /** A short look: fewer scenarios and variants. */
  isQuick: boolean
  /** Measures the rows of the budgets, and fails if a budget is missed. */
  isCheck: boolean
  /** Writes the results, the charts and the pages of the repository. */
  isPublish: boolean
  isList: boolean
  isHelp: boolean
  json: string | undefined
  python: string | undefined
  /** Lets the system choose the cores of server and load. */
  isUnpinned: boolean
}

export const HELP = `npm run bench -- [options]

  --only NAME       a scenario, repeatable or with commas; see --list
  --quick           a look at the most of it in under a minute
  --check           measure the budgets: exit status 1 when one is missed
  --publish         all of it, slowly; then write benchmarks/results and the README's section
  --list            the scenarios
  --seconds N       how long a row is measured in a round (0.1 to 60)
  --rounds N        how often every row is measured (1 to 50)
  --json FILE       keep every round
  --python FILE     the Python that has the peers, as venv/bin/python
  --unpinned        do not pin server and load to cores of their own
`

const PACES = {
  quick: { seconds: 0.25, warmUpSeconds: 0.4, rounds: 1 },
  usual: { seconds: 0.5, warmUpSeconds: 0.25, rounds: 3 },
  check: { seconds: 1, warmUpSeconds: 1, rounds: 5 },
  publish: { seconds: 2, warmUpSeconds: 1, rounds: 5 },
}

/**
 * Reads the words of the command line.
 *
 * @throws Error for an unknown option or scenario, or an impossible value
 */
export function parseOptions(words: string[]): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      unpinned: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'string' },
      python: { type: 'string' },
    },
  })
  if ([values.quick, values.check, values.publish].filter(Boolean).length > 1) {
    throw new Error('--quick, --check and --publish are three different runs: choose one')
  }
  const only = values.only.flatMap((names) => names.split(','))
  for (const name of only) scenarioOf(name)
  // Publishing some of the scenarios would remove the others from the page.
  if (values.publish && only.length > 0)
    throw new Error('--publish takes all scenarios: leave out --only')

  const pace = paceOf(values)
  return {
    ...pace,
    seconds: number('seconds', values.seconds, pace.seconds, { least: 0.1, most: 60 }),
    rounds: Math.round(number('rounds', values.rounds, pace.rounds, { least: 1, most: 50 })),
    only,
    isQuick: values.quick,
    isCheck: values.check,
    isPublish: values.publish,
    isList: values.list,
    isHelp: values.help,
    isUnpinned: values.unpinned,
    json: values.json,
    python: values.python,
  }
}

/** `--list`. */
export function listOf(): string {
  const width = Math.max(...SCENARIOS.map(({ id }) => id.length))
  return SCENARIOS.map(({ id, title }) => `${id.padEnd(width)}  ${title}`).join('\n')
}

function paceOf(values: {
  quick: boolean
  check: boolean
  publish: boolean
}): (typeof PACES)['usual'] {
  if (values.quick) return PACES.quick
  if (values.check) return PACES.check
  return values.publish ? PACES.publish : PACES.usual
}

function number(
  name: string,
  word: string | undefined,
  usual: number,
  { least, most }: { least: number; most: number },
): number {
  if (word === undefined) return usual
  const given = /^\d+(\.\d+)?$/.test(word) ? Number(word) : NaN
  if (given >= least && given <= most) return given
  throw new Error(`--${name} is a number from ${least} to ${most}, got "${word}"`)
}
