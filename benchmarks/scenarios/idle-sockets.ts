// The memory of many WebSockets that wait for the messages of a group.

import { setTimeout as sleep } from 'node:timers/promises'
import { residentKib } from '../cpu-time.ts'
import { openRawSockets } from '../loads/raw-sockets.ts'
import { CHANNELS, commandOf, entranceOf, LOOP, PLAIN, SOCKET_IO } from './fanout.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Board } from './fanout.ts'
import type { Scenario, Subject } from './scenario.ts'

const FIRST = 500
const SETTLE_MS = 300
const COLLECTIONS = 3

function weigh(board: Board): Subject['measure'] {
  return async (server, variant) => {
    const count = Number(variant)
    const entrance = entranceOf(server.url, board)
    // The first sockets also load code and fill pools, which belong to the server.
    const first = await openRawSockets(entrance, FIRST)
    try {
      const before = await settled(server)
      const more = await openRawSockets(entrance, count)
      try {
        const after = await settled(server)
        return { kibEach: (after - before) / count, residentMib: after / 1024 }
      } finally {
        more.close()
      }
    } finally {
      first.close()
    }
  }
}

async function settled({ pid }: ServerProcess): Promise<number> {
  for (let collection = 0; collection < COLLECTIONS; collection += 1) {
    process.kill(pid, 'SIGUSR2')
    await sleep(SETTLE_MS)
  }
  return residentKib(pid) ?? NaN
}

export const idleSockets: Scenario = {
  id: 'idle-sockets',
  title: 'Memory of a WebSocket that waits',
  about:
    'Resident memory of the server before and after a number of WebSockets that are in one group, with garbage collected. ' +
    'Buffers of the kernel are not in it.',
  variants: { 1000: '1,000 sockets', 10000: '10,000 sockets' },
  columns: [
    { number: 'kibEach', label: 'KiB each', digits: 2 },
    { number: 'residentMib', label: 'MiB in all', digits: 0 },
  ],
  control: PLAIN.name,
  quick: ['1000'],
  isFresh: true,
  subjects: () => ({
    subjects: [PLAIN, SOCKET_IO, LOOP, CHANNELS].map((board) => ({
      name: board.name,
      command: commandOf(board),
      measure: weigh(board),
    })),
    skipped: [],
  }),
}
