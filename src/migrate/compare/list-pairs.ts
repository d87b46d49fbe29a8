// Finds for each element of a list its counterpart in another list, so that one missing element is one difference, and
// another order is one difference too.

import { isRecord, isSame, textOf } from './json-value.ts'

/** The elements of two lists, by their indexes. */
interface ListPairs {
  /** Counterparts that are not equal. */
  unequal: Array<[from: number, to: number]>
  /** Elements that only the first list has. */
  missing: number[]
  /** Elements that only the second list has. */
  extra: number[]
  /** The counterparts come in another order. */
  isReordered: boolean
}

// A search for the most similar element takes the square of this time.
const MAX_SEARCHED = 64

type List = readonly unknown[]

/** Pairs the elements of `from` with those of `to`: equal ones first, then the most similar ones. */
export function pairsOf(from: List, to: List): ListPairs {
  const start = commonStart(from, to)
  const end = commonEnd(from, to, start)
  const olds = range(start, from.length - end)
  const news = range(start, to.length - end)

  const equal = equalPairs([from, olds], [to, news])
  const missing = olds.filter((at) => !equal.has(at))
  const taken = new Set(equal.values())
  const extra = news.filter((at) => !taken.has(at))
  const similar = similarPairs([from, missing], [to, extra])
  return { ...similar, isReordered: !isRising([...equal, ...similar.ordered]) }
}

function commonStart(from: List, to: List): number {
  const most = Math.min(from.length, to.length)
  let at = 0
  while (at < most && isSame(from[at], to[at])) at += 1
  return at
}

function commonEnd(from: List, to: List, start: number): number {
  const most = Math.min(from.length, to.length) - start
  let count = 0
  while (count < most && isSame(from.at(-1 - count), to.at(-1 - count))) count += 1
  return count
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, at) => start + at)
}

type Part = readonly [list: List, indexes: readonly number[]]

function equalPairs([from, olds]: Part, [to, news]: Part): Map<number, number> {
  const places = new Map<string, number[]>()
  // From the end, so that pop() returns the first place.
  for (const at of news.toReversed()) {
    const text = textOf(to[at])
    const known = places.get(text)
    if (known === undefined) places.set(text, [at])
    else known.push(at)
  }
  const pairs = new Map<number, number>()
  for (const at of olds) {
    const place = places.get(textOf(from[at]))?.pop()
    if (place !== undefined) pairs.set(at, place)
  }
  return pairs
}

type SimilarPairs = Omit<ListPairs, 'isReordered'> & { ordered: Array<[number, number]> }

function similarPairs([from, olds]: Part, [to, news]: Part): SimilarPairs {
  if (Math.max(olds.length, news.length) > MAX_SEARCHED) return pairsInOrder(olds, news)
  const free = [...news]
  const pairs: SimilarPairs = { unequal: [], missing: [], extra: free, ordered: [] }
  for (const at of olds) {
    const { place, likeness } = mostSimilar(from[at], to, free)
    const [other] = free.splice(place, 1)
    if (other === undefined) {
      pairs.missing.push(at)
      continue
    }
    pairs.unequal.push([at, other])
    if (likeness > 0) pairs.ordered.push([at, other])
  }
  return pairs
}

function pairsInOrder(olds: readonly number[], news: readonly number[]): SimilarPairs {
  const count = Math.min(olds.length, news.length)
  return {
    unequal: olds.slice(0, count).map((at, index) => [at, news[index] as number]),
    missing: olds.slice(count),
    extra: news.slice(count),
    ordered: [],
  }
}

interface Likeness {
  place: number
  likeness: number
}

function mostSimilar(element: unknown, to: List, free: readonly number[]): Likeness {
  let best = { place: 0, likeness: 0 }
  for (const [place, at] of free.entries()) {
    const likeness = likenessOf(element, to[at])
    if (likeness > best.likeness) best = { place, likeness }
  }
  return best
}

/** The number of equal members. */
function likenessOf(one: unknown, other: unknown): number {
  if (!isRecord(one) || !isRecord(other)) return 0
  return Object.keys(one).filter((name) => name in other && isSame(one[name], other[name])).length
}

function isRising(pairs: Array<[number, number]>): boolean {
  const places = pairs.toSorted(([one], [other]) => one - other).map(([, to]) => to)
  return places.every((place, at) => at === 0 || place > (places[at - 1] as number))
}
