// Numbers that look random, and are the same for the same seed.

/** The next number, from 0 to below 1. */
export type Random = () => number

/** The generator mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A time between two arrivals of a Poisson process. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean
}

/** A log-normal duration. @param variation the standard deviation, as a part of the mean; 0: always the mean */
export function logNormal(random: Random, mean: number, variation: number): number {
  if (variation === 0) return mean
  const squared = Math.log(1 + variation * variation)
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return mean * Math.exp(normal * Math.sqrt(squared) - squared / 2)
}
