// The smallest parts in which two JSON values differ, as JSON pointers (RFC 6901).

import { folded } from './folded.ts'
import { isRecord } from './json-value.ts'
import { pairsOf } from './list-pairs.ts'
import type { Collect } from './found.ts'

/** The way from the root to a value. The texts are made for a difference alone. */
interface Place {
  outer: Place | null
  name: string | number
}

/** Finds the differences of two JSON values. */
export function jsonDifferences(from: unknown, to: unknown, collect: Collect): void {
  compare(null, { from, to }, collect)
}

interface Values {
  from: unknown
  to: unknown
}

function compare(place: Place | null, { from, to }: Values, collect: Collect): void {
  if (from === to) return
  if (Array.isArray(from) && Array.isArray(to)) return compareLists(place, [from, to], collect)
  if (isRecord(from) && isRecord(to)) return compareRecords(place, [from, to], collect)
  collect({ ...namesOf(place), isOrder: false, from, to })
}

type Two<Value> = [from: Value, to: Value]

function compareRecords(
  outer: Place | null,
  [from, to]: Two<Record<string, unknown>>,
  collect: Collect,
): void {
  const own = (record: Record<string, unknown>, name: string): unknown =>
    Object.hasOwn(record, name) ? record[name] : undefined
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    compare({ outer, name }, { from: own(from, name), to: own(to, name) }, collect)
  }
}

function compareLists(outer: Place | null, [from, to]: Two<unknown[]>, collect: Collect): void {
  const { unequal, missing, extra, isReordered } = pairsOf(from, to)
  for (const [at, other] of unequal) {
    compare({ outer, name: at }, { from: from[at], to: to[other] }, collect)
  }
  for (const at of missing) compare({ outer, name: at }, { from: from[at], to: undefined }, collect)
  for (const at of extra) compare({ outer, name: at }, { from: undefined, to: to[at] }, collect)
  if (isReordered) collect({ ...namesOf(outer), isOrder: true, from, to })
}

function namesOf(place: Place | null): { part: string; key: string } {
  const names: Array<string | number> = []
  for (let at = place; at !== null; at = at.outer) names.unshift(at.name)
  const part = names.map((name) => `/${escaped(String(name))}`)
  const key = names.map((name) => `/${typeof name === 'number' ? '#' : escaped(folded(name))}`)
  return { part: `body ${part.join('')}`.trimEnd(), key: `body ${key.join('')}` }
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
