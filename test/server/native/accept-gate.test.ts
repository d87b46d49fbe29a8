import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Arrivals } from '../../../src/server/native/accept-gate.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('arrivals', () => {
  it('lets one that comes alone in a turn later', async () => {
    const { arrivals, admitted } = door()
    arrivals.add(new Socket())
    expect(admitted).toHaveLength(0)
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(admitted).toHaveLength(1)
  })

  it('holds all back for as long as one comes in every turn, and lets them in in their order', async () => {
    const { arrivals, admitted } = door()
    const sockets = Array.from({ length: 20 }, () => new Socket())
    for (const socket of sockets) {
      arrivals.add(socket)
      await turn()
      expect(admitted).toHaveLength(0)
    }
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(admitted).toEqual(sockets)
  })

  it('lets them in although they never cease to come', async () => {
    const { arrivals, admitted } = door()
    const deadline = performance.now() + 5_000
    while (admitted.length === 0 && performance.now() < deadline) {
      arrivals.add(new Socket())
      await turn()
    }
    expect(admitted.length).toBeGreaterThan(0)
  })

  it('lets them in at once when it is told to, and once', async () => {
    const { arrivals, admitted } = door()
    arrivals.add(new Socket())
    arrivals.admitAll()
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(admitted).toHaveLength(1)
  })
})

function door(): { arrivals: Arrivals; admitted: Socket[] } {
  const admitted: Socket[] = []
  return { arrivals: new Arrivals((socket) => admitted.push(socket)), admitted }
}
