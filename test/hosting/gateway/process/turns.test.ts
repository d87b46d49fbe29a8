// The requests of a process that it cannot have begun.

import { describe, expect, it } from 'vitest'
import { Turns } from '../../../../src/hosting/gateway/process/turns.ts'

/** Requests 1, 2 … with the turns 0, 1 …, in a process with `slots`. */
function turnsOf(count: number, slots: number): Turns {
  const turns = new Turns(slots)
  for (let turn = 0; turn < count; turn += 1) turns.add(turn + 1, turn)
  return turns
}

describe('the turns of a process', () => {
  it('gives no request back that the process may have begun', () => {
    const turns = turnsOf(3, 2)
    expect([0, 1, 2].map((turn) => turns.takeBack(turn))).toEqual([false, false, true])
    expect(turns.size).toBe(2)
  })

  it('gives a request back once', () => {
    const turns = turnsOf(2, 1)
    expect(turns.takeBack(1)).toBe(true)
    expect(turns.takeBack(1)).toBe(false)
  })

  it('counts a request that is answered, and not over, as no obstacle for the next one', () => {
    const turns = turnsOf(3, 1)
    turns.answered(1)
    expect(turns.size).toBe(3)
    expect(turns.takeBack(1)).toBe(false)
    expect(turns.takeBack(2)).toBe(true)
  })

  it('forgets a request that is over', () => {
    const turns = turnsOf(3, 1)
    turns.remove(1)
    expect(turns.takeBack(0)).toBe(false)
    expect(turns.takeBack(1)).toBe(false)
    expect(turns.takeBack(2)).toBe(true)
  })

  it('takes late news of a request that is gone for nothing', () => {
    const turns = turnsOf(1, 1)
    turns.remove(9)
    turns.answered(9)
    expect(turns.takeBack(9)).toBe(false)
    expect(turns.size).toBe(1)
  })
})
