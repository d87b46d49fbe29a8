// The balancer of several processes: whose turn it is, connections that wait, and connections that come back.

import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ConnectionBalancer } from '../../src/cli/connection-balancer.ts'
import { SILENT_LOG } from '../../src/silent-log.ts'
import type { Socket } from 'node:net'
import type { ConnectionTarget } from '../../src/cli/connection-balancer.ts'

class FakeTaker implements ConnectionTarget {
  isOpen = true
  isPrompt = true
  waiting = 0
  readonly taken: Array<{ socket: Socket; onLost: (socket: Socket) => void }> = []

  take(socket: Socket, onLost: (socket: Socket) => void): void {
    this.taken.push({ socket, onLost })
  }

  /** The target is closed, and its connections go back. */
  lose(): void {
    this.isOpen = false
    for (const { socket, onLost } of this.taken.splice(0)) onLost(socket)
  }
}

interface OpenDoor {
  balancer: ConnectionBalancer
  /** Opens connections, and waits until the balancer has them. */
  dial: (count: number) => Promise<Socket[]>
}

async function openDoor(targets: readonly FakeTaker[], backlog = 2_048): Promise<OpenDoor> {
  const balancer = new ConnectionBalancer({
    host: '127.0.0.1',
    port: 0,
    uds: null,
    udsMode: null,
    udsOwner: null,
    fd: null,
    backlog,
    log: SILENT_LOG,
  })
  const address = await balancer.open()
  const sockets: Socket[] = []
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await balancer.close()
  })
  for (const target of targets) balancer.add(target)
  return {
    balancer,
    dial: async (count) => {
      const dialed: Socket[] = []
      for (let number = 0; number < count; number += 1) {
        const socket = connect({ port: 'port' in address ? address.port : 0, host: '127.0.0.1' })
        socket.on('error', () => undefined)
        sockets.push(socket)
        dialed.push(socket)
        await once(socket, 'connect', { signal: AbortSignal.timeout(30_000) })
      }
      return dialed
    },
  }
}

function byNumber(one: number, other: number): number {
  return one - other
}

function closeTaken(targets: readonly FakeTaker[]): void {
  for (const { taken } of targets) for (const { socket } of taken) socket.destroy()
}

describe('the balancer', () => {
  it('gives each connection to the target whose turn it is', async () => {
    const targets = [new FakeTaker(), new FakeTaker(), new FakeTaker()]
    const { dial } = await openDoor(targets)
    await dial(8)
    await vi.waitFor(() => {
      expect(targets.map(({ taken }) => taken.length).toSorted(byNumber)).toEqual([2, 3, 3])
    })
    closeTaken(targets)
  })

  it('passes over a target that is not prompt, as long as another one is', async () => {
    const targets = [new FakeTaker(), new FakeTaker()] as const
    const { dial } = await openDoor(targets)
    targets[0].isPrompt = false
    await dial(3)
    await vi.waitFor(() => expect(targets.map(({ taken }) => taken.length)).toEqual([0, 3]), 30_000)
    targets[1].isPrompt = false
    await dial(2)
    await vi.waitFor(() => {
      expect(targets[0].taken.length + targets[1].taken.length).toBe(5)
    })
    closeTaken(targets)
  })

  it('gives the connections of a target that is closed to the others', async () => {
    const targets = [new FakeTaker(), new FakeTaker()] as const
    const { dial } = await openDoor(targets)
    await dial(4)
    await vi.waitFor(() => expect(targets[1].taken).toHaveLength(2), 30_000)
    targets[0].lose()
    expect(targets.map(({ taken }) => taken.length)).toEqual([0, 4])
    closeTaken(targets)
  })

  it('keeps connections while there is no target, and closes those above the backlog', async () => {
    const { balancer, dial } = await openDoor([], 2)
    const [, , third] = await dial(3)
    if (!third?.closed)
      await once(third as Socket, 'close', { signal: AbortSignal.timeout(30_000) })
    expect(balancer.refused).toBe(1)
    const target = new FakeTaker()
    balancer.add(target)
    expect(target.taken).toHaveLength(2)
    closeTaken([target])
  })

  it('passes over a target at which a backlog of connections waits, and closes them if all targets are full', async () => {
    const targets = [new FakeTaker(), new FakeTaker()] as const
    const { balancer, dial } = await openDoor(targets, 2)
    targets[0].waiting = 2
    await dial(3)
    await vi.waitFor(() => expect(targets.map(({ taken }) => taken.length)).toEqual([0, 3]), 30_000)
    targets[1].waiting = 2
    const [one] = await dial(1)
    if (!one?.closed) await once(one as Socket, 'close', { signal: AbortSignal.timeout(30_000) })
    expect(balancer.refused).toBe(1)
    closeTaken(targets)
  })

  it('gives nothing to a target that was removed', async () => {
    const targets = [new FakeTaker(), new FakeTaker()] as const
    const { balancer, dial } = await openDoor(targets)
    balancer.remove(targets[0])
    await dial(2)
    await vi.waitFor(() => expect(targets.map(({ taken }) => taken.length)).toEqual([0, 2]), 30_000)
    closeTaken(targets)
  })

  it('gives the connections away that wait in the system, before it closes', async () => {
    const target = new FakeTaker()
    const { balancer, dial } = await openDoor([target])
    const dialed = dial(5)
    await dialed
    await balancer.close()
    expect(target.taken).toHaveLength(5)
    closeTaken([target])
  })
})
