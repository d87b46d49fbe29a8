// Completes and checks the options of serve(), threads() and every middleware, all with the same messages.

import { inspect } from 'node:util'
import { InvalidOptionError } from './errors.ts'
import { MAX_TIMER_MS } from './waiting/settles-within.ts'

/** Options as the caller gives them: each may be left out or undefined, and so may each option of a group. */
type Given<Defaults> = {
  [Key in keyof Defaults]?: Defaults[Key] | GivenGroup<Defaults[Key]> | undefined
}

type GivenGroup<Value> = Value extends readonly unknown[] | ((...args: never) => unknown)
  ? never
  : Value extends object
    ? { [Key in keyof Value]?: Value[Key] | undefined }
    : never

/**
 * Returns `options` with the default for each option that is left out or undefined.
 *
 * A default that is a plain object with entries is a group of options (`websocket: { maxQueue: 32 }`), which is
 * completed in the same way. An empty object is a value: the caller's object replaces it. An option whose default is true
 * or false takes these two alone.
 *
 * @param name the function that takes the options, for messages
 * @param defaults every option with its default; `undefined` is a default too
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is not among the defaults, and for a
 *   group, a switch or options that are no such thing
 *
 * @example
 * const { header } = completeOptions('requestId', options, DEFAULTS)
 */
export function completeOptions<Defaults extends object>(
  name: string,
  options: Given<Defaults>,
  defaults: Defaults,
): Defaults {
  if (!isObject(options)) {
    throw new InvalidOptionError(`${name}(): the options are an object, got ${shown(options)}`)
  }
  return completed({ name, path: '' }, options, defaults) as Defaults
}

/**
 * Makes the error for an option with an impossible value: `option "limit" cannot be -1: it is a number above 0`.
 *
 * @param name the function that takes the options
 * @param option the name of the option; `group.option` in a group
 * @param value the value that the caller gave
 * @param remedy a sentence that names the possible values, without its full stop
 *
 * @example
 * if (!hosts.every(isHost)) throw invalidOption('trustedHost', 'hosts', hosts, 'it is a list of hosts')
 */
export function invalidOption(
  name: string,
  option: string,
  value: unknown,
  remedy: string,
): InvalidOptionError {
  return new InvalidOptionError(
    `${name}(): option "${option}" cannot be ${shown(value)}: ${remedy}`,
  )
}

/** The options of an interface, each with a value: only a caller may leave one undefined. */
export type Complete<Options> = {
  [Key in keyof Options]-?: Exclude<Options[Key], undefined>
}

/** The numbers that an option can be; both ends are possible. */
export interface NumberRange {
  min: number
  /** `Infinity` makes Infinity itself possible. Default: every finite number. */
  max?: number
  /** Whether fractions are refused. Infinity is not a fraction. Default false. */
  isWhole?: boolean
  /** Whether the number is a delay of setTimeout() in ms, which fires at once above 2 ** 31 - 1. Default false. */
  isTime?: boolean
}

/**
 * Checks an option that is a number.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if `value` is not a number of `range`
 *
 * @example
 * checkNumber('threads', 'nice', nice, { min: 0, max: 19, isWhole: true })
 */
export function checkNumber(
  name: string,
  option: string,
  value: unknown,
  range: NumberRange,
): void {
  const { min, max = Number.MAX_VALUE, isWhole = false, isTime = false } = range
  if (typeof value === 'number' && value >= min && value <= max) {
    const isTooLate = isTime && value !== Infinity && value > MAX_TIMER_MS
    const isWrong = isWhole && !Number.isInteger(value) && value !== Infinity
    if (!isTooLate && !isWrong) return
  }
  throw invalidOption(name, option, value, `it is ${textOf(range)}`)
}

function textOf({ min, max, isWhole = false, isTime = false }: NumberRange): string {
  const kind = isWhole ? 'a whole number' : 'a number'
  if (isTime) {
    const most = `${kind} of at least ${min} and at most ${MAX_TIMER_MS}`
    return max === Infinity ? `${most}, or Infinity` : most
  }
  if (max === undefined) return `${kind} of at least ${min}`
  return max === Infinity
    ? `${kind} of at least ${min}, or Infinity`
    : `${kind} from ${min} to ${max}`
}

/** The place of an option, for messages. `path` is empty, or the name of a group with a dot. */
interface Place {
  name: string
  path: string
}

function completed(place: Place, options: object, defaults: object): object {
  for (const option of Object.keys(options)) {
    if (!Object.hasOwn(defaults, option)) throw unknownOption(place, option, defaults)
  }
  const values = new Map<string, unknown>(Object.entries(defaults))
  for (const [option, initial] of values) {
    const given: unknown = Reflect.get(options, option)
    if (isGroup(initial)) values.set(option, completedGroup(place, option, [given, initial]))
    else if (given === undefined) continue
    else if (typeof initial === 'boolean' && typeof given !== 'boolean') {
      throw invalidOption(place.name, place.path + option, given, 'it is true or false')
    } else values.set(option, given)
  }
  return Object.fromEntries(values)
}

function completedGroup(
  place: Place,
  option: string,
  [given, defaults]: [unknown, object],
): object {
  const inner = { ...place, path: `${place.path}${option}.` }
  if (given === undefined) return completed(inner, {}, defaults)
  if (isObject(given)) return completed(inner, given, defaults)
  throw invalidOption(place.name, place.path + option, given, 'it is an object of options')
}

/** Whether `value` is an object with entries: a list, a Map, a Promise and a Date have none of their own. */
export function isObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return Object.prototype.toString.call(value) === '[object Object]'
}

function isGroup(value: unknown): value is object {
  if (!isObject(value) || Object.keys(value).length === 0) return false
  return Object.getPrototypeOf(value) === Object.prototype
}

function unknownOption({ name, path }: Place, option: string, defaults: object): Error {
  const known = Object.keys(defaults)
  const nearest = nearestOf(
    option,
    known.flatMap((one) => [one, ...namesInGroup(one, defaults)]),
  )
  const hint =
    nearest === undefined
      ? `the options are ${known.map((one) => path + one).join(', ') || 'none'}`
      : `did you mean "${path}${nearest}"?`
  return new InvalidOptionError(`${name}(): unknown option "${path}${option}"; ${hint}`)
}

function namesInGroup(group: string, defaults: object): string[] {
  const inner: unknown = Reflect.get(defaults, group)
  return isGroup(inner) ? Object.keys(inner).map((one) => `${group}.${one}`) : []
}

/** The name of `known` that the caller may have meant: at most a third of the letters differ, the unit not counted. */
export function nearestOf(option: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = Math.floor(option.length / 3) + 1
  for (const name of known) {
    const [from, to] = [option.toLowerCase(), lastName(name).toLowerCase()]
    // A unit may also be misspelt.
    const distance = Math.min(
      editDistance(from, to),
      editDistance(withoutUnit(from), withoutUnit(to)),
    )
    if (distance < least) [nearest, least] = [name, distance]
  }
  return nearest
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

function withoutUnit(option: string): string {
  return option.replace(/(?:ms|bytes)$/, '')
}

/**
 * The number of letters that have to be added, removed, replaced or swapped with their neighbour (optimal string
 * alignment).
 */
function editDistance(from: string, to: string): number {
  let [before, above] = [[] as number[], Array.from({ length: to.length + 1 }, (_, at) => at)]
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let at = 1; at <= to.length; at += 1) {
      const isSame = from[row - 1] === to[at - 1]
      const isSwapped = from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1]
      current[at] = Math.min(
        above[at]! + 1,
        current[at - 1]! + 1,
        above[at - 1]! + (isSame ? 0 : 1),
        isSwapped ? before[at - 2]! + 1 : Infinity,
      )
    }
    ;[before, above] = [above, current]
  }
  return above[to.length]!
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 80 })
}
