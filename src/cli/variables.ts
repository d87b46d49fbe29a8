// The variables of the environment, one for each flag.

import { nearestOf } from '../complete-options.ts'
import { PRIMARY_VARIABLE } from '../channels/cluster/role.ts'
import { InvalidOptionError } from '../errors.ts'
import { LOAD_VARIABLE } from '../reload-page.ts'
import { SPARE_VARIABLE } from './development/messages.ts'
import { WORKER_VARIABLE } from './worker-messages.ts'

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'ISTHMUS_'
/** The variables that processes of isthmus set for their children. */
const OWN: readonly string[] = [WORKER_VARIABLE, SPARE_VARIABLE, LOAD_VARIABLE, PRIMARY_VARIABLE]

/** The variable that sets a flag: `ISTHMUS_LOG_LEVEL` for `log-level`. */
export function variableOf(flag: string): string {
  return PREFIX + flag.toUpperCase().replaceAll('-', '_')
}

/**
 * Refuses a variable `ISTHMUS_…` that sets no flag: it has no effect, and is mostly a misspelt one.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) with the nearest variable that exists
 */
export function refuseUnknownVariables(environment: Environment, flags: readonly string[]): void {
  const known = flags.map(variableOf)
  const isUnknown = (name: string): boolean =>
    name.startsWith(PREFIX) && !OWN.includes(name) && !known.includes(name)
  const unknown = Object.keys(environment).find(isUnknown)
  if (unknown === undefined) return
  const nearest = nearestOf(
    unknown.slice(PREFIX.length),
    known.map((name) => name.slice(PREFIX.length)),
  )
  const hint =
    nearest === undefined ? 'see "isthmus serve --help"' : `did you mean ${PREFIX}${nearest}?`
  throw new InvalidOptionError(`unknown variable ${unknown} in the environment; ${hint}`)
}
