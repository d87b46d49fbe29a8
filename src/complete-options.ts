// The options of a middleware: completed when it is made, so that a request never meets a wrong one.

import { inspect } from 'node:util'
import { InvalidOptionError } from './errors.ts'

/**
 * `options` with `defaults` for what is left out, or undefined.
 *
 * @param name the middleware, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is not among the defaults
 *
 * @example
 * const { header } = completeOptions('requestId', options, DEFAULTS)
 */
export function completeOptions<Defaults extends object>(
  name: string,
  options: Partial<{ [Key in keyof Defaults]: Defaults[Key] | undefined }>,
  defaults: Defaults,
): Defaults {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError(`${name}(): the options are an object, got ${inspect(options)}`)
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const unknown = Object.keys(options).find((option) => !Object.hasOwn(defaults, option))
  if (unknown === undefined) return { ...defaults, ...Object.fromEntries(given) }
  const known = Object.keys(defaults).join(', ') || 'none'
  throw new InvalidOptionError(`${name}(): unknown option "${unknown}"; the options are ${known}`)
}

/**
 * What a middleware throws, when it is made, for an option that it cannot work with.
 *
 * @param option its name
 * @param value what was given
 * @param remedy what is possible, as the end of a sentence
 *
 * @example
 * if (!(limit > 0)) throw invalidOption('rateLimit', 'limit', limit, 'it is a number above 0')
 */
export function invalidOption(
  name: string,
  option: string,
  value: unknown,
  remedy: string,
): InvalidOptionError {
  return new InvalidOptionError(
    `${name}(): option "${option}" cannot be ${inspect(value)}: ${remedy}`,
  )
}
