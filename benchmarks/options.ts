// The options that every benchmark takes.

import { parseArgs } from 'node:util'
import type { Sharing } from './cores.ts'

/** How a benchmark is to run. */
export interface Options {
  /** How long one row is measured in one round. */
  seconds: number
  /** How often every row is measured. */
  rounds: number
  /** Where the results go besides stdout. */
  json: string | undefined
  cores: Sharing
}

const SHARINGS: readonly string[] = ['apart', 'shared', 'any'] satisfies Sharing[]

/**
 * Reads `--seconds 5 --rounds 3 --cores apart|shared|any --json FILE`.
 *
 * @param cores the sharing where none is given
 * @throws Error for an unknown option or an impossible value
 */
export function parseOptions(words: string[], cores: Sharing): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      cores: { type: 'string', default: cores },
      json: { type: 'string' },
    },
  })
  if (!SHARINGS.includes(values.cores)) {
    throw new Error(`--cores is one of ${SHARINGS.join(', ')}, got "${values.cores}"`)
  }
  return {
    seconds: count('seconds', values.seconds, 60),
    rounds: count('rounds', values.rounds, 20),
    json: values.json,
    cores: values.cores as Sharing,
  }
}

function count(name: string, word: string, most: number): number {
  const number = /^\d{1,3}$/.test(word) ? Number(word) : NaN
  if (number >= 1 && number <= most) return number
  throw new Error(`--${name} is a whole number from 1 to ${most}, got "${word}"`)
}
