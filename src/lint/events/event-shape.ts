// The shape of every event: a plain object with a type, and values that every transport can carry.

import { breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import { isPlainObject } from '../plain-object.ts'
import type { Party } from '../breach.ts'

/**
 * Throws unless `event` is a plain object with a string `type`, and each value in it is one that every transport can
 * carry, the boundary of a thread too: bytes, strings, numbers, booleans, null, arrays and plain objects.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 * @see ASGI 3.0, "Events"
 */
export function checkEvent(party: Party, event: unknown): void {
  if (!isPlainObject(event) || typeof event.type !== 'string') {
    throw breach(
      party,
      'the shape of events',
      `${nameOf(event)} is not an event`,
      'pass a plain object with a string `type`',
    )
  }

  const fact = findForeignValue(event, event.type, [])
  if (fact === undefined) return
  throw breach(
    party,
    'the values of events',
    fact,
    'use bytes (Uint8Array), strings, finite numbers, booleans, null, arrays and plain objects',
  )
}

/**
 * Describes the first value that a transport cannot carry; undefined if there is none. `above` are the objects that
 * contain `value`.
 */
function findForeignValue(
  value: unknown,
  path: string,
  above: readonly object[],
): string | undefined {
  if (value === null || value instanceof Uint8Array) return undefined
  if (typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return undefined
  if (!Array.isArray(value) && !isPlainObject(value)) return `${path} is ${nameOf(value)}`
  if (above.includes(value)) return `${path} contains itself`

  for (const [key, item] of Object.entries(value)) {
    // An undefined value is allowed, because a reader sees it as a missing key.
    if (item === undefined && !Array.isArray(value)) continue
    const found = findForeignValue(item, `${path}.${key}`, [...above, value])
    if (found !== undefined) return found
  }
  return undefined
}
