// The options of the command line: a type for their tables, and the kinds of values that they can have.

import { resolve } from 'node:path'
import { isObject } from '../complete-options.ts'
import { InvalidOptionError } from '../errors.ts'
import { trustOfAddresses } from '../http/trusted-peers.ts'
import { listIn, LONGEST_SECONDS, msIn, numberIn, textIn } from './file-value.ts'

/** A kind of values: converts the texts of a command line to a value, and shows the value in the help. */
export interface Kind<Value> {
  /** `value`: the last text counts. `switch`: no text, `--no-` turns it off. `list`: every text counts. */
  readonly takes: 'value' | 'switch' | 'list'
  /** Throws an {@link InvalidOptionError} whose message starts with "must be" for a wrong text. */
  read(texts: readonly string[]): Value
  /**
   * Checks a value of a configuration file in the same way. Without this method the file has the text of the command line.
   *
   * @param folder that of the file, which relative paths begin at
   */
  from?(given: unknown, folder: string): Value
  show(value: Value): string
}

/** One option: `--flag`, and `ISTHMUS_FLAG` in the environment. */
export interface Option<Value> {
  readonly flag: string
  readonly describe: string
  readonly kind: Kind<Value>
}

/** A table with one option for each key of an object of values. */
export type OptionTable<Values> = { readonly [Name in keyof Values]: Option<Values[Name]> }

/** A row of a table. */
export function option<Value>(flag: string, describe: string, of: Kind<Value>): Option<Value> {
  return { flag, describe, kind: of }
}

/** Any text, the empty one included. */
export const text: Kind<string> = value((given) => given, String)

/** Any text; an empty text means null. */
export const optionalText: Kind<string | null> = value(
  (given) => (given === '' ? null : given),
  (shown) => shown ?? 'none',
  (given) => (given === null ? null : textIn(given)),
)

/** The path of a file. An empty path is refused: it often comes from a variable that is not set. */
export const filePath: Kind<string | null> = value(
  (given) => {
    if (given !== '') return given
    throw new InvalidOptionError('must be a path; leave the option out for none')
  },
  (shown) => shown ?? 'none',
  (given, folder) => resolve(folder, filePath.read([textIn(given)]) ?? ''),
)

/** The permissions of a file, in octal as for chmod; null leaves them to the umask. */
export const fileMode: Kind<number | null> = value<number | null>(
  (given) => {
    if (/^0?[0-7]{3}$/.test(given)) return Number.parseInt(given, 8)
    throw new InvalidOptionError('must be three octal digits, such as 660')
  },
  (shown) => (shown === null ? 'by the umask' : shown.toString(8)),
  (given) => {
    if (typeof given === 'number') return numberIn(given, { max: 0o777 }, 'a mode such as 0o660')
    return fileMode.read([textIn(given)])
  },
)

/** The owner of a file, as for chown. */
export const owner: Kind<string | null> = value(
  (given) => {
    if (/^[\w:][\w.:-]*$/.test(given)) return given
    throw new InvalidOptionError('must be USER, USER:GROUP or :GROUP')
  },
  (shown) => shown ?? 'the process',
)

/** A path prefix: empty, or a path that starts with a slash. */
export const pathPrefix: Kind<string> = value((given) => {
  if (given === '' || given.startsWith('/')) return given
  throw new InvalidOptionError('must be a path that starts with "/"')
}, String)

/** A decimal whole number, both ends included. */
export function integer(min: number, max: number): Kind<number> {
  const inWords = `a whole number from ${min} to ${max}`
  return value(
    (given) => {
      const number = /^\d+$/.test(given) ? Number(given) : Number.NaN
      if (number >= min && number <= max) return number
      throw new InvalidOptionError(`must be ${inWords}`)
    },
    String,
    (given) => numberIn(given, { min, max }, inWords),
  )
}

/** A decimal whole number from `min`, or `none` for no limit. */
export function limit(min: number): Kind<number> {
  return value(
    (given) => {
      if (given === 'none') return Infinity
      const number = /^\d+$/.test(given) ? Number(given) : Number.NaN
      if (number >= min && Number.isSafeInteger(number)) return number
      throw new InvalidOptionError(`must be a whole number from ${min}, or "none"`)
    },
    (shown) => (shown === Infinity ? 'none' : String(shown)),
    (given) => numberIn(given, { min, isLimit: true }, `a whole number from ${min}, or Infinity`),
  )
}

const MEBIBYTE = 2 ** 20
const MOST_MEBIBYTES = Math.floor(Number.MAX_SAFE_INTEGER / MEBIBYTE)

/** A decimal whole number of MiB above 0, or `none` for no limit; bytes as a value. */
export const mebibytes: Kind<number> = value(
  (given) => {
    if (given === 'none') return Infinity
    const number = /^\d+$/.test(given) ? Number(given) : Number.NaN
    if (number >= 1 && number <= MOST_MEBIBYTES) return number * MEBIBYTE
    throw new InvalidOptionError('must be a whole number of MiB from 1, or "none"')
  },
  (shown) => (shown === Infinity ? 'none' : String(shown / MEBIBYTE)),
  (given) => numberIn(given, { min: 1, isLimit: true }, 'a whole number of bytes, or Infinity'),
)

/** A value of `kind`, or `none` for null. */
export function optional<Value>(kind: Kind<Value>): Kind<Value | null> {
  return value(
    (given) => (given === 'none' ? null : kind.read([given])),
    (shown) => (shown === null ? 'none' : kind.show(shown)),
    (given, folder) => valueIn(kind, given, folder),
  )
}

/** Seconds on the command line, also with a fraction; milliseconds as a value. */
export const seconds: Kind<number> = value(
  (given) => {
    const number = /^(\d+(\.\d+)?|\.\d+)$/.test(given) ? Number(given) : Number.NaN
    if (number <= LONGEST_SECONDS) return Math.round(number * 1000)
    throw new InvalidOptionError(`must be seconds from 0 to ${LONGEST_SECONDS}, such as 5 or 0.5`)
  },
  (shown) => `${shown / 1000}`,
  (given) => msIn(given, { min: 0 }),
)

/** Seconds, also with a fraction, or `none` for no limit; milliseconds as a value. */
export const secondsOrNone: Kind<number> = value(
  (given) => (given === 'none' ? Infinity : seconds.read([given])),
  showSeconds,
  (given) => msIn(given, { min: 0, isLimit: true }),
)

/** Seconds above 0, also with a fraction; milliseconds as a value. */
export const secondsAbove: Kind<number> = value(
  (given) => {
    const ms = seconds.read([given])
    if (ms > 0) return ms
    throw new InvalidOptionError('must be seconds above 0, such as 5 or 0.5')
  },
  (shown) => seconds.show(shown),
  (given) => msIn(given, { min: 1 }),
)

/** Seconds above 0, also with a fraction, or `none` for no limit; milliseconds as a value. */
export const secondsLimit: Kind<number> = value(
  (given) => {
    const ms = secondsOrNone.read([given])
    if (ms > 0) return ms
    throw new InvalidOptionError('must be seconds above 0, such as 5 or 0.5, or "none"')
  },
  showSeconds,
  (given) => msIn(given, { min: 1, isLimit: true }),
)

/** One of a few words. */
export function oneOf<Word extends string>(...words: Word[]): Kind<Word> {
  const wordIn = (given: unknown): Word => {
    const word = words.find((candidate) => candidate === given)
    if (word !== undefined) return word
    throw new InvalidOptionError(`must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`)
  }
  return value(wordIn, String, wordIn)
}

/** `*`, `same`, or origins of web pages with commas between them. */
export const origins: Kind<'*' | 'same' | readonly string[]> = value<
  '*' | 'same' | readonly string[]
>(
  (given) => {
    if (given === '*' || given === 'same') return given
    if (given !== '') return given.split(',').map((one) => one.trim())
    throw new InvalidOptionError('must be "*", "same", or origins with commas between them')
  },
  (shown) => (typeof shown === 'string' ? shown : shown.join(',')),
  (given) => origins.read([listIn(given)]),
)

/** Addresses with commas between them; null if the option is left out. */
export const addresses: Kind<readonly string[] | null> = value<readonly string[] | null>(
  (given) => {
    if (given !== '') return given.split(',').map((one) => one.trim())
    throw new InvalidOptionError('must be addresses with commas between them, or "*"')
  },
  (shown) => shown?.join(',') ?? 'loopback',
  (given) => addresses.read([listIn(given)]),
)

const EVERY_PEER = ['0.0.0.0/0', '::/0', 'unix']

/** Addresses and ranges of peers with commas between them, or `*` for every peer. */
export const peers: Kind<readonly string[]> = value<readonly string[]>(
  (given) => {
    const list = given === '*' ? EVERY_PEER : (addresses.read([given]) ?? [])
    const wrong = (): Error => new InvalidOptionError('must be addresses, ranges, or "*" for all')
    trustOfAddresses(list, wrong)
    return list
  },
  (shown) => shown.join(','),
  (given) => peers.read([listIn(given)]),
)

/** A switch: `--flag` and `--no-flag`; true, 1, false or 0 in the environment. */
export const toggle: Kind<boolean> = {
  takes: 'switch',
  read([given]) {
    if (given === 'true' || given === '1') return true
    if (given === 'false' || given === '0') return false
    throw new InvalidOptionError('must be true, 1, false or 0')
  },
  from(given) {
    if (typeof given === 'boolean') return given
    throw new InvalidOptionError('must be true or false')
  },
  show: String,
}

/** A repeatable `KEY=VALUE`; in the environment, one on each line. */
export const pairs: Kind<Readonly<Record<string, string>>> = {
  takes: 'list',
  read: (texts) => Object.fromEntries(texts.map(splitPair)),
  from(given) {
    const entries = Object.entries(isObject(given) ? given : { given: 0 })
    if (entries.every(([, one]) => typeof one === 'string')) return Object.fromEntries(entries)
    throw new InvalidOptionError('must be an object whose values are texts')
  },
  show: () => 'none',
}

/** Checks a value of a configuration file. @see Kind.from */
export function valueIn<Value>(kind: Kind<Value>, given: unknown, folder: string): Value {
  if (kind.from) return kind.from(given, folder)
  if (kind.takes !== 'list') return kind.read([textIn(given)])
  return kind.read(Array.isArray(given) ? given.map(textIn) : [textIn(given)])
}

function showSeconds(shown: number): string {
  return shown === Infinity ? 'none' : seconds.show(shown)
}

function value<Value>(
  parse: (given: string) => Value,
  show: (value: Value) => string,
  from?: Kind<Value>['from'],
): Kind<Value> {
  return {
    takes: 'value',
    read: (texts) => parse(texts.at(-1) ?? ''),
    show,
    ...(from && { from }),
  }
}

function splitPair(given: string): [key: string, value: string] {
  const at = given.indexOf('=')
  if (at > 0) return [given.slice(0, at), given.slice(at + 1)]
  throw new InvalidOptionError('must be KEY=VALUE')
}
