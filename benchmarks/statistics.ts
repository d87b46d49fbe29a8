// The few numbers that stand for many.

/** The smallest value that is at least as great as `share` of all (nearest rank). Undefined values are refused. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('nothing was measured')
  return value
}

/** The median of every number that the rounds have; of an even number of rounds the mean of the middle two. */
export function medians<Name extends string>(
  rounds: ReadonlyArray<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(rounds[0] ?? {}) as Name[]
  const entries = names.map((name) => [name, median(rounds.map((round) => round[name]))])
  return Object.fromEntries(entries) as Record<Name, number>
}

function median(values: readonly number[]): number {
  const negated = values.map((value) => -value)
  return (quantile(values, 0.5) - quantile(negated, 0.5)) / 2
}
