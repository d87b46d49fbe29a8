// The round trip of a WebSocket echo.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'

const INTERVAL_MS = 2
const DRAIN_MS = 10_000

/**
 * Sends a message every 2 ms, also before the last echo is back: a server that stalls delays all of them.
 *
 * @returns the round trips in ms, of every message that was sent
 * @throws Error when the connection is lost, or an echo is not there 10 s after the last message
 */
export async function ping(url: string, durationMs: number): Promise<number[]> {
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: DRAIN_MS })
  const lost = new Promise<never>((_resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', (code) => reject(new Error(`the echo was closed with ${code}`)))
  })
  const over = new AbortController()
  try {
    return await Promise.race([roundTrips(socket, durationMs, over.signal), lost])
  } finally {
    over.abort()
    socket.terminate()
  }
}

async function roundTrips(
  socket: WebSocket,
  durationMs: number,
  signal: AbortSignal,
): Promise<number[]> {
  const sentAt: number[] = []
  const tripsMs: number[] = []
  socket.on('message', (number: Buffer) => {
    tripsMs.push(performance.now() - (sentAt[Number(number)] as number))
  })
  await once(socket, 'open', { signal })

  const timer = setInterval(() => {
    socket.send(String(sentAt.push(performance.now()) - 1))
  }, INTERVAL_MS)
  await sleep(durationMs, undefined, { signal }).finally(() => clearInterval(timer))

  const late = AbortSignal.timeout(DRAIN_MS)
  while (tripsMs.length < sentAt.length) {
    await once(socket, 'message', { signal: AbortSignal.any([signal, late]) })
  }
  return tripsMs
}
