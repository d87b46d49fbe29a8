// The fields of the response: those that middleware have set, and those of the app inside.

import { checkedHeaders } from '../../http/headers.ts'
import type { HeaderPairs } from '../../contract/events.ts'
import type { InnerResponse } from '../node/internals.ts'

// Each field of these names says something of its own, so none replaces another.
const ADDED = new Set(['set-cookie', 'vary', 'link'])

/** The fields of `res` and `pairs` as one list: of two fields with one name, that of `pairs` stays. */
export function mergedFields(res: InnerResponse, pairs: HeaderPairs): HeaderPairs {
  const names = res.getHeaderNames()
  if (names.length === 0) return pairs
  const merged: HeaderPairs = []
  for (const name of names) {
    if (!ADDED.has(name) && hasName(pairs, name)) continue
    const value = res.getHeader(name)
    if (Array.isArray(value)) for (const each of value) merged.push([name, each])
    else merged.push([name, String(value)])
  }
  for (const pair of pairs) merged.push(pair)
  return merged
}

/**
 * Sets `pairs` on `res`.
 *
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`)
 */
export function setFields(res: InnerResponse, pairs: HeaderPairs): void {
  const seen = new Set<string>()
  for (const [name, value] of checkedHeaders(pairs)) {
    if (seen.has(name) || ADDED.has(name)) res.appendHeader(name, value)
    else res.setHeader(name, value)
    seen.add(name)
  }
}

function hasName(pairs: HeaderPairs, name: string): boolean {
  for (const [own] of pairs) {
    if (own === name) return true
    if (own.length === name.length && own.toLowerCase() === name) return true
  }
  return false
}
