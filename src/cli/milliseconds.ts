// A time in the tables of the command line.

/** Formats a time: `0.012 ms`, `3.4 ms`, `210 ms`. */
export function milliseconds(value: number): string {
  const digits = value < 1 ? 3 : 1
  return `${value >= 100 ? Math.round(value) : value.toFixed(digits)} ms`
}
