// Chooses one of several targets. It does no I/O, and knows no targets.

/** The facts about a target that decide. */
export interface Candidate {
  /** A name that stays the same, for hashes. */
  readonly name: string
  /** The requests under way. */
  readonly pending: number
  /** The part of its usual requests that it gets: above 0, at most 1. */
  readonly share: number
}

/** Chooses one of `candidates`, of which there is at least one. `key` is the text to hash, if there is one. */
export type Choose = <Chosen extends Candidate>(
  candidates: readonly Chosen[],
  key: string | undefined,
) => Chosen

/** The candidate with the fewest requests under way for its share. Equal ones take turns. */
export function leastPending(): Choose {
  let turn = 0
  return (candidates) => {
    turn = (turn + 1) % candidates.length
    let best = candidates[turn]!
    let least = loadOf(best)
    for (let step = 1; step < candidates.length; step += 1) {
      const candidate = candidates[(turn + step) % candidates.length]!
      const load = loadOf(candidate)
      if (load < least) [best, least] = [candidate, load]
    }
    return best
  }
}

function loadOf({ pending, share }: Candidate): number {
  return (pending + 1) / share
}

/**
 * One candidate after the other; one with half a share gets half as many. Each gets credit for its share, the richest
 * one is chosen and pays.
 *
 * @see the smooth weighted round robin of nginx
 */
export function roundRobin(): Choose {
  const credits = new Map<string, number>()
  return (candidates) => {
    let best = candidates[0]!
    let most = -Infinity
    let total = 0
    for (const candidate of candidates) {
      const credit = (credits.get(candidate.name) ?? 0) + candidate.share
      credits.set(candidate.name, credit)
      total += candidate.share
      if (credit > most) [best, most] = [candidate, credit]
    }
    credits.set(best.name, most - total)
    return best
  }
}

/**
 * The candidate with the highest score for the key: a candidate that goes moves its own keys alone, and one that comes
 * takes keys from all others alike. Without a key `otherwise` chooses.
 *
 * @see Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", with the weights of Schindelhauer
 */
export function byHash(otherwise: Choose): Choose {
  return (candidates, key) => {
    if (key === undefined) return otherwise(candidates, key)
    let best = candidates[0]!
    let highest = -Infinity
    for (const candidate of candidates) {
      const score = -candidate.share / Math.log(uniformOf(`${candidate.name} ${key}`))
      if (score > highest) [best, highest] = [candidate, score]
    }
    return best
  }
}

// FNV-1a with the last steps of MurmurHash3, which spread texts that differ in their first letters.
function uniformOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  // Above 0 and below 1.
  return ((hash >>> 0) + 0.5) / 2 ** 32
}
