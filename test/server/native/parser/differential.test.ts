// The parser against node:http, on requests that are almost right. `npm run fuzz` does the same for longer.

import { expect, it } from 'vitest'
import { campaign } from './campaign.ts'

const SECONDS = 4

it('reads all that node:http reads, and refuses more only in the classes that are listed', async () => {
  const deadline = performance.now() + SECONDS * 1_000
  // One block at least, however slow the machine is; the seed makes every run the same.
  const tally = await campaign(1_000_000, 20, ({ connections }) => {
    return connections === 0 || performance.now() < deadline
  })
  expect(tally.mutated).toBeGreaterThan(3_000)
  expect(tally.accepted).toBeGreaterThan(tally.connections / 5)
  expect(Object.keys(tally.differences).length).toBeGreaterThan(5)
}, 60_000)
