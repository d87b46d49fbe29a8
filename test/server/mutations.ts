// Good bytes with a few faults, for properties of parsers.

import fc from 'fast-check'

/** One to three octets of `bytes` are replaced, left out or added. */
export function mutations(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    place: fc.nat(),
    octet: fc.integer({ min: 0, max: 255 }),
    keeps: fc.boolean(),
    adds: fc.boolean(),
  })
  return fc.tuple(bytes, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([good, edits]) => {
    let all = good
    for (const { place, octet, keeps, adds } of edits) {
      const at = place % (all.length + 1)
      const after = all.subarray(keeps ? at : at + 1)
      all = Buffer.concat([all.subarray(0, at), Buffer.from(adds ? [octet] : []), after])
    }
    return all
  })
}
