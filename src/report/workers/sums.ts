// Sums of figures.

/** The sum of a figure over all parts. */
export function sumOf<Part>(parts: readonly Part[], figureOf: (part: Part) => number): number {
  return parts.reduce((sum, part) => sum + figureOf(part), 0)
}

/** The largest one; 0 without parts. */
export function largestOf<Part>(parts: readonly Part[], figureOf: (part: Part) => number): number {
  return parts.reduce((largest, part) => Math.max(largest, figureOf(part)), 0)
}

/** The sums of the counters by their names. */
export function sumsByName<Name extends string>(
  parts: ReadonlyArray<Record<Name, number>>,
): Record<Name, number> {
  const sums = {} as Record<Name, number>
  for (const part of parts) {
    for (const [name, count] of Object.entries<number>(part) as Array<[Name, number]>) {
      sums[name] = (sums[name] ?? 0) + count
    }
  }
  return sums
}

/** The rows of all lists by their keys, in the order in which the lists have them. */
export function grouped<Row>(
  lists: ReadonlyArray<readonly Row[]>,
  keyOf: (row: Row) => string,
): Map<string, [Row, ...Row[]]> {
  const groups = new Map<string, [Row, ...Row[]]>()
  for (const row of lists.flat()) {
    const group = groups.get(keyOf(row))
    if (group) group.push(row)
    else groups.set(keyOf(row), [row])
  }
  return groups
}
