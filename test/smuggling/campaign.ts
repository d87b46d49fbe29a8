// Requests that are broken at random, one after the other, for a time.

import fc from 'fast-check'
import { mutatedConnection } from '../server/native/parser/mutated-connection.ts'
import { attempt } from './attempt.ts'
import type { Front } from './front.ts'
import type { RecordingUpstream } from './recording-upstream.ts'

/** The results of a campaign. */
export interface Tally {
  connections: number
  /** Requests that arrived whole. */
  arrived: number
  /** Requests at the front that did not arrive whole. */
  refused: number
  /** Probes on the connection of a request before them. */
  shared: number
}

// An attempt that a limit of fast-check interrupts would go on beside the next one, so the time is looked at between blocks.
const BLOCK = 50

/**
 * Attempts for `milliseconds`, in blocks that each have their own seed.
 *
 * @throws Error with the seed and the smallest bytes that arrive as another request
 */
export async function campaign(
  { front, upstream }: { front: Front; upstream: RecordingUpstream },
  { seed, milliseconds }: { seed: number; milliseconds: number },
): Promise<Tally> {
  const tally: Tally = { connections: 0, arrived: 0, refused: 0, shared: 0 }
  const property = fc.asyncProperty(mutatedConnection, async ({ text }) => {
    const { faults, arrived, refused, isShared } = await attempt(text, front, upstream)
    tally.connections += 1
    tally.arrived += arrived.length
    tally.refused += refused
    tally.shared += Number(isShared)
    if (faults.length > 0) throw new Error(faults.join('\n'))
  })
  const until = performance.now() + milliseconds
  for (let block = 0; performance.now() < until; block += 1) {
    await fc.assert(property, { seed: seed + block, numRuns: BLOCK })
  }
  return tally
}
