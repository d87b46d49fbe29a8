// Medians, quantiles and ratios.

/** The smallest value that is at least as great as `share` of all (nearest rank). Undefined values are refused. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('nothing was measured')
  return value
}

/** The middle value; for an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const negated = values.map((value) => -value)
  return (quantile(values, 0.5) - quantile(negated, 0.5)) / 2
}

/** Applies `summarise` to the values of each number over all rounds. */
export function acrossRounds(
  rounds: ReadonlyArray<Readonly<Record<string, number>>>,
  summarise: (values: readonly number[]) => number,
): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {})
  return Object.fromEntries(
    names.map((name) => [name, summarise(rounds.map((round) => round[name] ?? NaN))]),
  )
}

/**
 * The median, over the rounds, of `a` divided by `b` of the same round: a slow moment of the machine slows both of them.
 */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / (b[round] ?? NaN)))
}
