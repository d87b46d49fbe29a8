// The options of a bundled middleware: completed with its defaults, and refused where they cannot be.

import { InvalidOption } from '../errors.ts'

/**
 * `options`, completed with `defaults`; an option that is undefined counts as left out.
 *
 * @param name of the middleware, for messages
 * @throws {@link InvalidOption} (`ISTHMUS_INVALID_OPTION`) for an option that is not among the defaults
 */
export function completed<Settings extends object>(
  name: string,
  options: Partial<Settings>,
  defaults: Settings,
): Settings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [option] of given) {
    if (Object.hasOwn(defaults, option)) continue
    const known = Object.keys(defaults).join(', ')
    throw new InvalidOption(`${name}(): unknown option "${option}"; the options are ${known}`)
  }
  return { ...defaults, ...Object.fromEntries(given) }
}

/**
 * Refuses a value.
 *
 * @param remedy what it has to be
 * @throws {@link InvalidOption} (`ISTHMUS_INVALID_OPTION`), always
 */
export function refuse(name: string, option: string, value: unknown, remedy: string): never {
  const shown = typeof value === 'string' ? `"${value}"` : String(value)
  throw new InvalidOption(`${name}(): option "${option}" cannot be ${shown}: ${remedy}`)
}
