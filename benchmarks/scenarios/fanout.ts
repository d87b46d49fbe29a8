// One message to thousands of WebSockets.

import { countCpu } from '../cpu-time.ts'
import { openRawSockets } from '../loads/raw-sockets.ts'
import { nodeServer } from '../server-process.ts'
import { quantile } from '../statistics.ts'
import type { Entrance } from '../loads/raw-sockets.ts'
import type { Scenario, Subject } from './scenario.ts'

/** A server of the board: its name in the tables, and the key in servers/fanout.js. */
export interface Board {
  name: string
  server: string
}

export const PLAIN: Board = { name: 'ws, a loop of send()', server: 'plain' }
export const SOCKET_IO: Board = { name: 'socket.io, io.emit()', server: 'socketIo' }
export const LOOP: Board = { name: 'isthmus, a loop of send()', server: 'loop' }
export const CHANNELS: Board = { name: 'isthmus, a channel', server: 'channels' }

/** The address of a board. A client of socket.io says that it joins. */
export function entranceOf(url: string, { server }: Board): Entrance {
  const isSocketIo = server === 'socketIo'
  const path = isSocketIo ? '/socket.io/?EIO=4&transport=websocket' : '/'
  return { url: `${url}${path}`, greeting: isSocketIo ? '40' : undefined }
}

/** The command of a board. */
export function commandOf({ server }: Board): string[] {
  return nodeServer('fanout.js', server)
}

const WARM_UP = 3
const SETTLE_MS = 500
const PUBLISH_MS = 30_000

function deliver(board: Board): Subject['measure'] {
  return async (server, variant, { seconds }) => {
    const count = Number(variant)
    const sockets = await openRawSockets(entranceOf(server.url, board), count)
    let sent = 0
    const publish = async (): Promise<number> => {
      const startedAt = performance.now()
      sent += 1
      const response = await fetch(`${server.url}/publish`, {
        signal: AbortSignal.timeout(PUBLISH_MS),
      })
      await response.text()
      await sockets.received(sent * count)
      return performance.now() - startedAt
    }
    try {
      // The joins of socket.io arrive later than its answer to the handshake.
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      for (let round = 0; round < WARM_UP; round += 1) await publish()
      const costOf = countCpu(server)
      const untilMs = performance.now() + seconds * 1000
      const timesMs: number[] = []
      while (timesMs.length === 0 || performance.now() < untilMs) timesMs.push(await publish())
      return { ...costOf(timesMs.length * count), p50Ms: quantile(timesMs, 0.5) }
    } finally {
      sockets.close()
    }
  }
}

export const fanout: Scenario = {
  id: 'fanout',
  title: 'One message to many WebSockets',
  about:
    'A request makes the server send one message of about 100 bytes to all of its WebSockets; the next request comes when ' +
    'each of them has it. The cost is that of one delivered message.',
  variants: { 500: '500 sockets', 5000: '5,000 sockets' },
  columns: [
    { number: 'cpuMicros', label: 'CPU µs/delivery', digits: 2 },
    { number: 'p50Ms', label: 'p50 ms to the last one', digits: 1 },
  ],
  control: PLAIN.name,
  quick: ['500'],
  subjects: () => ({
    subjects: [PLAIN, SOCKET_IO, LOOP, CHANNELS].map((board) => ({
      name: board.name,
      command: commandOf(board),
      measure: deliver(board),
    })),
    skipped: [],
  }),
}
