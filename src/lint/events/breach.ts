// What every check of the event lint shares: how a breach is worded, and what may be inside an event.

import { LintError } from '../../errors.ts'

/** Who can break the event interface. */
type Party = 'app' | 'server'

/** The error for one breach: `<who> broke <rule>: <what>; <remedy>`. */
export function breach(who: Party, rule: string, what: string, remedy: string): LintError {
  return new LintError(`${who} broke ${rule}: ${what}; ${remedy}`)
}

/**
 * Asks a legality machine; what it refuses is a breach by the app, with the machine's error as its cause.
 * Its message says what is legal instead.
 */
export function judge<Verdict>(ask: () => Verdict): Verdict {
  try {
    return ask()
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new LintError(`app broke the legality of events: ${what}`, { cause: error })
  }
}

/**
 * Throws unless `event` is a plain object with a string `type` that holds nothing but bytes, strings,
 * numbers, booleans, null, arrays and plain objects: what any transport, a thread boundary too, can carry.
 *
 * @throws {@link LintError} `ISTHMUS_LINT`
 * @see ASGI 3.0, "Events"
 */
export function checkEvent(who: Party, event: unknown): void {
  if (!isPlainObject(event) || typeof event.type !== 'string') {
    throw breach(
      who,
      'the shape of events',
      `${nameOf(event)} is not an event`,
      'pass a plain object with a string `type`',
    )
  }

  const stranger = findStranger(event, event.type, [])
  if (stranger === undefined) return
  throw breach(
    who,
    'the values of events',
    stranger,
    'use bytes (Uint8Array), strings, finite numbers, booleans, null, arrays and plain objects',
  )
}

/** Whether `value` is an object without a class of its own, from whatever realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** What `value` is, in a word or two, for a message. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value !== 'object' || value === null) return String(value)
  if (isPlainObject(value)) return 'a plain object'
  const maker: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name
  const noun = typeof maker === 'string' ? maker : 'object'
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`
}

function findStranger(value: unknown, path: string, above: readonly object[]): string | undefined {
  if (value === null || value instanceof Uint8Array) return undefined
  if (typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return undefined
  if (!Array.isArray(value) && !isPlainObject(value)) return `${path} is ${nameOf(value)}`
  if (above.includes(value)) return `${path} contains itself`

  for (const [key, item] of Object.entries(value)) {
    // A key whose value is undefined reads as a key that is not there.
    if (item === undefined && !Array.isArray(value)) continue
    const found = findStranger(item, `${path}.${key}`, [...above, value])
    if (found !== undefined) return found
  }
  return undefined
}
