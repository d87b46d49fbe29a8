// A campaign of comparisons: mutated requests from one seed, in blocks that each have their own seed.

import fc from 'fast-check'
import { compare } from './compare.ts'
import { mutatedConnection } from './mutated-connection.ts'

/** The results of a campaign. */
export interface Tally {
  /** One to three requests on each, read whole, byte by byte, cut at random, and by node:http. */
  connections: number
  /** Connections with at least one mutation. */
  mutated: number
  /** Complete requests that the parser accepts and node:http reads alike. */
  accepted: number
  /** Connections by the class of their difference; the others are read alike to the end. */
  differences: Record<string, number>
}

const BLOCK = 5_000
const OFFSETS = fc.array(fc.nat({ max: 4_000 }), { maxLength: 4 })

/**
 * Runs until this many mutated connections are compared, or until `goesOn`, called between two blocks, returns false.
 *
 * @throws an error with the seed, the path and the bytes of the smallest connection that is read differently
 */
export async function campaign(
  mutated: number,
  seed: number,
  goesOn: (tally: Tally) => boolean,
): Promise<Tally> {
  const tally: Tally = { connections: 0, mutated: 0, accepted: 0, differences: {} }
  for (let block = 0; tally.mutated < mutated && goesOn(tally); block++) {
    await compareBlock(seed + block, tally)
  }
  return tally
}

async function compareBlock(seed: number, tally: Tally): Promise<void> {
  const property = fc.asyncProperty(mutatedConnection, OFFSETS, async (connection, offsets) => {
    const bytes = Buffer.from(connection.text, 'latin1')
    const { accepted, difference, fault } = await compare(bytes, offsets)
    if (fault !== null) throw new Error(`${fault}: ${JSON.stringify(connection.text)}`)
    tally.connections += 1
    if (connection.mutations > 0) tally.mutated += 1
    tally.accepted += accepted
    if (difference !== null)
      tally.differences[difference] = (tally.differences[difference] ?? 0) + 1
  })
  await fc.assert(property, { numRuns: BLOCK, seed })
}
