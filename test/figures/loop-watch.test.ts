// The watch on the event loop of this process.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LoopWatch } from '../../src/figures/loop-watch.ts'
import { ProcessFigures } from '../../src/figures/process-figures.ts'
import { processTimes } from '../../src/figures/process-times.ts'
import { holdLoop } from './hold-loop.ts'

let watch: LoopWatch

beforeEach(async () => {
  watch = new LoopWatch(new ProcessFigures(processTimes(performance.now())))
  watch.entered()
  await sleep(15)
})
afterEach(() => watch.left())

describe('the watch on the event loop', () => {
  it('gives a block to the code that calls at its end', () => {
    holdLoop(40)
    expect(watch.mark(performance.now())).toBeGreaterThanOrEqual(39)
    expect(watch.mark(performance.now())).toBe(0)
    expect(watch.total.report().blocks).toBe(1)
  })

  it('gives no app the time of code that waits', async () => {
    await sleep(60)
    expect(watch.mark(performance.now())).toBe(0)
    expect(watch.total.report().blocks).toBe(0)
  })

  it('counts a block without such a call for the process alone', async () => {
    holdLoop(40)
    await sleep(20)
    expect(watch.mark(performance.now())).toBe(0)
    const { blocks, longestBlockMs } = watch.total.report()
    expect(blocks).toBe(1)
    expect(longestBlockMs).toBeGreaterThanOrEqual(39)
  })

  it('gives no app a block before an exchange', () => {
    holdLoop(40)
    watch.entered()
    expect(watch.mark(performance.now())).toBe(0)
    watch.left()
  })

  it('stops after the last exchange, and sees nothing then', async () => {
    watch.left()
    await sleep(40)
    holdLoop(40)
    expect(watch.mark(performance.now())).toBe(0)
    watch.entered()
  })
})
