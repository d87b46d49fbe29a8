// Slow clients: senders that give a byte of their body now and then, and readers that take little of a long response.

import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** Slow clients that go on until the caller ends them. */
export interface SlowClients {
  /** The clients that the server has not cut. */
  open(): number
  close(): void
}

const OPEN_MS = 10_000
const DRIP_MS = 1_000
/** The announced length of a slow body, of which the clients never send the whole. */
const BODY_BYTES = 100
const READ_BYTES = 16_384

/** `count` clients that announce 100 bytes, send one, and then one more each second. */
export async function slowSenders(url: string, count: number): Promise<SlowClients> {
  const { host } = new URL(url)
  const head = `POST /echo HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${BODY_BYTES}\r\n\r\nx`
  const sockets = await openAll(url, count, head)
  for (const socket of sockets) socket.resume()
  return dripping(sockets, (socket) => socket.write('x'))
}

/** `count` clients that ask for 8 MiB, and read 16 KiB each second. */
export async function slowReaders(url: string, count: number): Promise<SlowClients> {
  const { host } = new URL(url)
  const sockets = await openAll(url, count, `GET /eight-mib HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  // A paused socket reads from the kernel until its own buffer is full.
  return dripping(sockets, (socket) => socket.read(READ_BYTES))
}

async function openAll(url: string, count: number, request: string): Promise<Socket[]> {
  const { hostname, port } = new URL(url)
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect', { signal: AbortSignal.timeout(OPEN_MS) })
      socket.write(request)
      return socket.on('error', () => undefined)
    }),
  )
}

function dripping(sockets: readonly Socket[], drip: (socket: Socket) => void): SlowClients {
  const timer = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) drip(socket)
  }, DRIP_MS)
  return {
    open: () => sockets.filter(({ destroyed }) => !destroyed).length,
    close: () => {
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
    },
  }
}
