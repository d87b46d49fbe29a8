// The checks of values of a configuration file, which has values of JavaScript and not the texts of a command line.

import { InvalidOptionError } from '../errors.ts'

// setTimeout() takes 31 bits of milliseconds; a longer timer fires at once.
/** The most seconds of an option. */
export const LONGEST_SECONDS = 2_147_483
const LONGEST_MS = LONGEST_SECONDS * 1000

/** The text that a value of a configuration file has to be. */
export function textIn(given: unknown): string {
  if (typeof given === 'string') return given
  throw new InvalidOptionError('must be a text')
}

/** The text of the command line for a list, or for one text. */
export function listIn(given: unknown): string {
  return Array.isArray(given) ? given.map(textIn).join(',') : textIn(given)
}

/** The milliseconds that a value has to be. */
export function msIn(given: unknown, range: { min: number; isLimit?: boolean }): number {
  const most = `milliseconds from ${range.min} to ${LONGEST_MS}`
  const inWords = range.isLimit ? `${most}, or Infinity` : most
  return numberIn(given, { ...range, max: LONGEST_MS, isFraction: true }, inWords)
}

interface NumberIn {
  min?: number
  max?: number
  /** Whether the number may be Infinity. */
  isLimit?: boolean
  isFraction?: boolean
}

/**
 * The number that a value has to be.
 *
 * @param inWords the numbers that are possible, for the message
 */
export function numberIn(given: unknown, range: NumberIn, inWords: string): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, isLimit = false, isFraction = false } = range
  if (isLimit && given === Infinity) return Infinity
  if (typeof given === 'number' && given >= min && given <= max) {
    if (isFraction || Number.isInteger(given)) return given
  }
  throw new InvalidOptionError(`must be ${inWords}`)
}
