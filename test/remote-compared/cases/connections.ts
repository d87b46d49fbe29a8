// The connections on both sides: how they end, are reused, and fill.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { statusOf, takeResponse } from '../message.ts'
import { orEnding, outcomeOf } from '../looks.ts'
import { get, head, post } from '../request.ts'
import { answer, respondsAndEnds, silent } from '../scripts.ts'
import type { CaseGroup, ComparedCase } from '../case.ts'
import type { Script, Upstream } from '../upstream.ts'
import type { Wire } from '../wire.ts'

const STALL_MS = 1_500
const POLL_MS = 20
const WAIT_MS = 30_000
const PIECE = Buffer.alloc(64 * 1024, 'x')
const MOST_BYTES = 64 * 1024 * 1024
/** More than the buffers of four sockets. */
const BOUND_BYTES = 32 * 1024 * 1024

/** Sends 64 MiB as fast as the proxy takes them, and counts. */
const flood: Script & { sent: number } = Object.assign(
  async ({ wire, request }: Parameters<Script>[0]) => {
    await request()
    flood.sent = 0
    wire.send(head('HTTP/1.1 200 OK', `Content-Length: ${MOST_BYTES}`))
    while (flood.sent < MOST_BYTES) {
      flood.sent += PIECE.length
      if (!wire.socket.write(PIECE)) await once(wire.socket, 'drain')
    }
    await wire.ended()
  },
  { sent: 0 },
)

/** Begins a body, and never ends it. */
const endless: Script = async ({ wire, request }) => {
  await request()
  wire.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'))
  while (wire.ending === 'open') {
    wire.send('1\r\nx\r\n')
    await sleep(POLL_MS)
  }
}

/** Answers after a moment, so that a client can end its half first. */
const late: Script = async ({ wire, request }) => {
  await request()
  await sleep(500)
  wire.send(answer())
  await wire.ended()
}

export const connections: CaseGroup = {
  title: 'Connections',
  cases: [
    {
      name: 'the client ends its half after a GET, and reads',
      upstreams: [late],
      look: async ({ client }) => {
        const wire = await client()
        wire.end(get('/'))
        return orEnding(async () => outcomeOf(await takeResponse(wire)))
      },
    },
    {
      name: 'the client ends its half after a POST, and reads',
      upstreams: [late],
      look: async ({ client }) => {
        const wire = await client()
        wire.end(post('hello'))
        return orEnding(async () => outcomeOf(await takeResponse(wire)))
      },
    },
    {
      name: 'the client resets while it waits for the head',
      upstreams: [silent],
      look: leaves((wire) => wire.reset()),
    },
    {
      name: 'the client ends both halves while it waits for the head',
      upstreams: [silent],
      look: leaves((wire) => {
        wire.socket.destroy()
      }),
    },
    {
      name: 'the client resets within the body of the response',
      upstreams: [endless],
      look: leaves(async (wire) => {
        await wire.until('x')
        wire.reset()
      }),
    },
    {
      name: 'the client reads nothing of a response of 64 MiB',
      upstreams: [flood],
      look: async ({ client }) => {
        const wire = await client()
        wire.send(get('/'))
        await wire.until('\r\n\r\n')
        wire.socket.pause()
        return (await sentUntilStalled()) < BOUND_BYTES
          ? 'the upstream waits'
          : 'the proxy takes all'
      },
    },
    {
      name: 'the upstream ends its half after the answer; the next request',
      upstreams: [respondsAndEnds(answer())],
      look: twice(300),
    },
    {
      name: 'the upstream says Connection: close; the next request',
      upstreams: [respondsAndEnds(answer('ok', 'Connection: close'))],
      look: twice(0),
    },
    {
      name: 'two requests one after the other: connections to the upstream',
      look: twice(0),
    },
    {
      name: 'requests of two clients one after the other: connections to the upstream',
      look: async ({ client, upstream }) => {
        for (const path of ['/a', '/b']) {
          const wire = await client()
          wire.send(get(path))
          await takeResponse(wire)
        }
        return `${upstream.wires.length}`
      },
    },
    {
      name: 'two pipelined requests',
      upstreams: [
        async ({ wire, request }) => {
          for (;;) {
            const { start } = await request()
            wire.send(answer(start.split(' ')[1]))
          }
        },
      ],
      look: async ({ client, upstream }) => {
        const wire = await client()
        wire.send(get('/a') + get('/b'))
        const first = await takeResponse(wire)
        const second = await takeResponse(wire)
        return `${first.body}, ${second.body}; ${upstream.requests.length} requests`
      },
    },
    {
      name: 'a client of HTTP/1.0 with keep-alive',
      look: async ({ client }) => {
        const wire = await client()
        const request = head('GET / HTTP/1.0', 'Host: a', 'Connection: keep-alive')
        wire.send(request)
        const first = statusOf(await takeResponse(wire))
        wire.send(request)
        return orEnding(async () => `${first}, then ${statusOf(await takeResponse(wire))}`)
      },
    },
    {
      name: 'Connection: close of the client',
      look: async ({ client, upstream }) => {
        const wire = await client()
        wire.send(get('/', 'Connection: close'))
        const status = statusOf(await takeResponse(wire))
        await wire.ended()
        return `${status}; the upstream's connection ${(await isKept(upstream)) ? 'stays' : 'ends'}`
      },
    },
  ],
}

function leaves(leave: (wire: Wire) => Promise<void> | void): ComparedCase['look'] {
  return async ({ client, upstream }) => {
    const wire = await client()
    wire.send(get('/'))
    await until(() => upstream.requests.length > 0)
    await leave(wire)
    const reached = upstream.wires[0]
    const isTold = await until(() => reached?.ending !== 'open')
    return isTold ? 'the upstream sees the end' : 'the upstream sees nothing'
  }
}

/** Asks twice on one connection of the client, with a pause between. */
function twice(pauseMs: number): ComparedCase['look'] {
  return async ({ client, upstream }) => {
    const wire = await client()
    wire.send(get('/a'))
    const first = statusOf(await takeResponse(wire))
    await sleep(pauseMs)
    wire.send(get('/b'))
    const second = await orEnding(async () => String(statusOf(await takeResponse(wire))))
    return `${first}, then ${second}; ${upstream.wires.length} connections`
  }
}

async function isKept(upstream: Upstream): Promise<boolean> {
  return !(await until(() => upstream.wires.every(({ ending }) => ending !== 'open'), 500))
}

async function until(isReached: () => boolean, waitMs = WAIT_MS): Promise<boolean> {
  const end = performance.now() + waitMs
  while (!isReached()) {
    if (performance.now() > end) return false
    await sleep(POLL_MS)
  }
  return true
}

async function sentUntilStalled(): Promise<number> {
  for (let before = -1; flood.sent < MOST_BYTES && flood.sent !== before;) {
    before = flood.sent
    await sleep(STALL_MS)
  }
  return flood.sent
}
