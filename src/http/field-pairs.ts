// From names and values in turns to the pairs of the contracts.

import type { HeaderPairs } from '../contract/events.ts'

/** A new array of new pairs: an app may change its own. */
export function pairs(fields: readonly string[]): HeaderPairs {
  const headers: HeaderPairs = []
  for (let index = 0; index < fields.length; index += 2) {
    headers.push([fields[index] as string, fields[index + 1] as string])
  }
  return headers
}
