// An IdTable finds the same items as a Map, for numbers that come in order and go in any.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IdTable } from '../../../src/hosting/protocol/id-table.ts'

describe('a table by number', () => {
  it('finds each item until it is removed, like a Map', () => {
    const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(300)), { maxLength: 600 })
    const property = fc.property(steps, fc.nat(2 ** 31), (actions, firstId) => {
      const [table, map] = [new IdTable<{ id: number }>(), new Map<number, { id: number }>()]
      let next = firstId
      for (const action of actions) {
        if (action === 'add') {
          const item = { id: next++ }
          table.add(item)
          map.set(item.id, item)
        } else {
          const id = firstId + action
          expect(table.remove(id)).toBe(map.get(id))
          map.delete(id)
        }
        expect(table.size).toBe(map.size)
      }
      for (let id = firstId; id < next; id += 1) expect(table.find(id)).toBe(map.get(id))
      const byId = (a: { id: number }, b: { id: number }): number => a.id - b.id
      expect(table.items().toSorted(byId)).toEqual([...map.values()])
    })
    fc.assert(property, { seed: 15, numRuns: 500 })
  })

  it('keeps items that stay while thousands of others come and go', () => {
    const table = new IdTable<{ id: number }>()
    const kept = [{ id: 5 }, { id: 69 }, { id: 133 }]
    for (const item of kept) table.add(item)
    for (let id = 1_000; id < 20_000; id += 1) {
      table.add({ id })
      table.remove(id - 10)
    }
    for (const item of kept) expect(table.find(item.id)).toBe(item)
  })
})
