// The door of several processes: whose turn it is, connections that wait, and connections that come back.

import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ConnectionDoor } from '../../src/cli/connection-door.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import type { Socket } from 'node:net'
import type { Taker } from '../../src/cli/connection-door.ts'

class FakeTaker implements Taker {
  isOpen = true
  isPrompt = true
  waiting = 0
  readonly taken: Array<{ socket: Socket; onLost: (socket: Socket) => void }> = []

  take(socket: Socket, onLost: (socket: Socket) => void): void {
    this.taken.push({ socket, onLost })
  }

  /** The taker is closed, and its connections go back. */
  lose(): void {
    this.isOpen = false
    for (const { socket, onLost } of this.taken.splice(0)) onLost(socket)
  }
}

interface OpenDoor {
  door: ConnectionDoor
  /** Opens connections, and waits until the door has them. */
  dial: (count: number) => Promise<Socket[]>
}

async function openDoor(takers: readonly FakeTaker[], backlog = 2_048): Promise<OpenDoor> {
  const door = new ConnectionDoor({
    host: '127.0.0.1',
    port: 0,
    uds: null,
    udsMode: null,
    udsOwner: null,
    fd: null,
    backlog,
    log: SILENT_LOG,
  })
  const address = await door.open()
  const sockets: Socket[] = []
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await door.close()
  })
  for (const taker of takers) door.add(taker)
  return {
    door,
    dial: async (count) => {
      const dialed: Socket[] = []
      for (let number = 0; number < count; number += 1) {
        const socket = connect({ port: 'port' in address ? address.port : 0, host: '127.0.0.1' })
        socket.on('error', () => undefined)
        sockets.push(socket)
        dialed.push(socket)
        await once(socket, 'connect', { signal: AbortSignal.timeout(5_000) })
      }
      return dialed
    },
  }
}

function byNumber(one: number, other: number): number {
  return one - other
}

function closeTaken(takers: readonly FakeTaker[]): void {
  for (const { taken } of takers) for (const { socket } of taken) socket.destroy()
}

describe('the door', () => {
  it('gives each connection to the taker whose turn it is', async () => {
    const takers = [new FakeTaker(), new FakeTaker(), new FakeTaker()]
    const { dial } = await openDoor(takers)
    await dial(8)
    await vi.waitFor(() => {
      expect(takers.map(({ taken }) => taken.length).toSorted(byNumber)).toEqual([2, 3, 3])
    })
    closeTaken(takers)
  })

  it('passes over a taker that is not prompt, as long as another one is', async () => {
    const takers = [new FakeTaker(), new FakeTaker()] as const
    const { dial } = await openDoor(takers)
    takers[0].isPrompt = false
    await dial(3)
    await vi.waitFor(() => expect(takers.map(({ taken }) => taken.length)).toEqual([0, 3]))
    takers[1].isPrompt = false
    await dial(2)
    await vi.waitFor(() => {
      expect(takers[0].taken.length + takers[1].taken.length).toBe(5)
    })
    closeTaken(takers)
  })

  it('gives the connections of a taker that is closed to the others', async () => {
    const takers = [new FakeTaker(), new FakeTaker()] as const
    const { dial } = await openDoor(takers)
    await dial(4)
    await vi.waitFor(() => expect(takers[1].taken).toHaveLength(2))
    takers[0].lose()
    expect(takers.map(({ taken }) => taken.length)).toEqual([0, 4])
    closeTaken(takers)
  })

  it('keeps connections while there is no taker, and closes those above the backlog', async () => {
    const { door, dial } = await openDoor([], 2)
    const [, , third] = await dial(3)
    if (!third?.closed) await once(third as Socket, 'close', { signal: AbortSignal.timeout(5_000) })
    expect(door.refused).toBe(1)
    const taker = new FakeTaker()
    door.add(taker)
    expect(taker.taken).toHaveLength(2)
    closeTaken([taker])
  })

  it('passes over a taker at which a backlog of connections waits, and closes them if all takers are full', async () => {
    const takers = [new FakeTaker(), new FakeTaker()] as const
    const { door, dial } = await openDoor(takers, 2)
    takers[0].waiting = 2
    await dial(3)
    await vi.waitFor(() => expect(takers.map(({ taken }) => taken.length)).toEqual([0, 3]))
    takers[1].waiting = 2
    const [one] = await dial(1)
    if (!one?.closed) await once(one as Socket, 'close', { signal: AbortSignal.timeout(5_000) })
    expect(door.refused).toBe(1)
    closeTaken(takers)
  })

  it('gives nothing to a taker that was removed', async () => {
    const takers = [new FakeTaker(), new FakeTaker()] as const
    const { door, dial } = await openDoor(takers)
    door.remove(takers[0])
    await dial(2)
    await vi.waitFor(() => expect(takers.map(({ taken }) => taken.length)).toEqual([0, 2]))
    closeTaken(takers)
  })

  it('gives the connections away that wait in the system, before it closes', async () => {
    const taker = new FakeTaker()
    const { door, dial } = await openDoor([taker])
    const dialed = dial(5)
    await dialed
    await door.close()
    expect(taker.taken).toHaveLength(5)
    closeTaken([taker])
  })
})
