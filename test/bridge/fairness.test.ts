import { expect, it } from 'vitest'
import { Fairness } from '../../src/bridge/fairness.ts'

it('turns the event loop after 64 chunks, and again after 64 more', async () => {
  const fairness = new Fairness()
  let turns = 0
  const count = (): void => {
    turns += 1
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)

  for (let chunk = 1; chunk < 64; chunk += 1) await fairness.afterChunk()
  const before = turns
  await fairness.afterChunk()
  const between = turns
  for (let chunk = 0; chunk < 64; chunk += 1) await fairness.afterChunk()
  clearImmediate(immediate)
  expect(between).toBeGreaterThan(before)
  expect(turns).toBeGreaterThan(between)
})
