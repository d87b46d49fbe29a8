import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fifo } from '../../src/waiting/fifo.ts'

describe('Fifo', () => {
  it('behaves like an array under any operations', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ name: fc.constant('push'), times: fc.nat(100) }) },
      { weight: 3, arbitrary: fc.record({ name: fc.constant('shift'), times: fc.nat(100) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          name: fc.constantFrom('replaceLast', 'clear'),
          times: fc.constant(1),
        }),
      },
    )
    const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      const taken: Array<[number | undefined, number | undefined]> = []
      let next = 0
      for (const { name, times } of steps) {
        for (let time = 0; time < times; time += 1) {
          next += 1
          if (name === 'push') {
            fifo.push(next)
            model.push(next)
          } else if (name === 'shift') taken.push([fifo.shift(), model.shift()])
          else if (name === 'replaceLast') {
            fifo.replaceLast(next)
            model.splice(-1, 1, next)
          } else {
            fifo.clear()
            model.length = 0
          }
        }
        expect(fifo.length).toBe(model.length)
        expect(fifo.last).toBe(model.at(-1))
      }
      expect(taken.map(([value]) => value)).toEqual(taken.map(([, value]) => value))
    })
    fc.assert(property, { seed: 3, numRuns: 200 })
  })

  it('takes a million values without moving them again and again', () => {
    const fifo = new Fifo<number>()
    for (let value = 0; value < 1_000_000; value += 1) fifo.push(value)
    for (let value = 0; value < 1_000_000; value += 1)
      if (fifo.shift() !== value) throw new Error(`${value} is lost`)
    expect(fifo.length).toBe(0)
  })
})
