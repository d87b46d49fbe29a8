// The changes of a migration as JSON: those that a client of the control socket sends, and those of the state file.

import { isObject } from '../../complete-options.ts'

/** The options of a migration that change while it runs; those that are left out stay. */
export interface MigrationChanges {
  /** The part of the clients that the new app answers, from 0 to 1. */
  share?: number
  /** Null stops the copies. */
  shadow?: { rate?: number; baseline?: boolean } | null
}

/**
 * Checks a value that was JSON.
 *
 * @throws Error with the remedy for an unknown key, and for a value out of its range
 */
export function readChanges(value: unknown): MigrationChanges {
  requireKeys('', value, ['share', 'shadow'])
  const { share, shadow } = value as MigrationChanges
  if (share !== undefined && !isPart(share)) throw fault('"share" is a number from 0 to 1', share)
  if (shadow !== undefined && shadow !== null) checkShadow(shadow)
  if (share === undefined && shadow === undefined) {
    throw new Error('nothing to change: give "share", "shadow" or both')
  }
  return { ...(share !== undefined && { share }), ...(shadow !== undefined && { shadow }) }
}

function checkShadow(shadow: object): void {
  requireKeys('shadow', shadow, ['rate', 'baseline'])
  const { rate, baseline } = shadow as Record<string, unknown>
  if (rate !== undefined && !isPart(rate)) {
    throw fault('"shadow.rate" is a number from 0 to 1', rate)
  }
  if (baseline !== undefined && typeof baseline !== 'boolean') {
    throw fault('"shadow.baseline" is true or false', baseline)
  }
}

function requireKeys(group: string, value: unknown, known: readonly string[]): void {
  const form = known.map((key) => `"${key}"`).join(' and ')
  if (!isObject(value)) {
    const subject = group === '' ? 'the body' : `"${group}"`
    const orNull = group === '' ? '' : ', or null'
    throw fault(`${subject} is an object with ${form}${orNull}`, value)
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown === undefined) return
  const prefix = group === '' ? '' : `${group}.`
  throw new Error(`unknown key "${prefix}${unknown}"; the keys are ${form}`)
}

function isPart(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1
}

function fault(rule: string, value: unknown): Error {
  return new Error(`${rule}, got ${JSON.stringify(value)}`)
}
