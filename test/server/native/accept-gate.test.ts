import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { AcceptGate } from '../../../src/server/native/accept-gate.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the gate for new connections', () => {
  it('admits a connection that arrives alone one turn later', async () => {
    const { gate, admitted } = closedGate()
    gate.add(new Socket())
    expect(admitted).toHaveLength(0)
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(admitted).toHaveLength(1)
  })

  it('holds all connections while one arrives in every turn, then admits them in their order', async () => {
    const { gate, admitted } = closedGate()
    const sockets = Array.from({ length: 20 }, () => new Socket())
    for (const socket of sockets) {
      gate.add(socket)
      await turn()
      expect(admitted).toHaveLength(0)
    }
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(admitted).toEqual(sockets)
  })

  it('admits connections although further ones arrive without end', async () => {
    const { gate, admitted } = closedGate()
    const deadline = performance.now() + 5_000
    while (admitted.length === 0 && performance.now() < deadline) {
      gate.add(new Socket())
      await turn()
    }
    expect(admitted.length).toBeGreaterThan(0)
  })

  it('admits all connections at once on request, and each of them once', async () => {
    const { gate, admitted } = closedGate()
    gate.add(new Socket())
    gate.admitAll()
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(admitted).toHaveLength(1)
  })
})

function closedGate(): { gate: AcceptGate; admitted: Socket[] } {
  const admitted: Socket[] = []
  return { gate: new AcceptGate((socket) => admitted.push(socket)), admitted }
}
