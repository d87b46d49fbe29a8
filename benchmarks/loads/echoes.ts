// A WebSocket echo at full speed, with a number of messages in flight.

import { once } from 'node:events'
import { WebSocket } from 'ws'

const OPEN_MS = 10_000
const MESSAGE = 'x'.repeat(64)

/** The results of the echo. */
export interface Echoes {
  messages: number
  perSecond: number
  /** The round trip of each message, in ms. */
  tripsMs: number[]
}

/**
 * Sends a message for each that comes back, `inFlight` of them at a time, on one connection.
 *
 * @throws Error when the connection is lost, or no echo comes back
 */
export async function echoes(url: string, inFlight: number, durationMs: number): Promise<Echoes> {
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: OPEN_MS })
  const lost = new Promise<never>((_resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', (code) => reject(new Error(`the echo was closed with ${code}`)))
  })
  try {
    return await Promise.race([run(socket, inFlight, durationMs), lost])
  } finally {
    socket.terminate()
  }
}

async function run(socket: WebSocket, inFlight: number, durationMs: number): Promise<Echoes> {
  await once(socket, 'open')
  const startedAt = performance.now()
  const sentAt: number[] = []
  const tripsMs: number[] = []
  const send = (): void => {
    sentAt.push(performance.now())
    socket.send(MESSAGE)
  }
  return new Promise((resolve) => {
    socket.on('message', () => {
      const now = performance.now()
      // One connection keeps their order.
      tripsMs.push(now - (sentAt[tripsMs.length] as number))
      const elapsedMs = now - startedAt
      if (elapsedMs < durationMs) return send()
      if (tripsMs.length < sentAt.length) return
      resolve({ messages: tripsMs.length, perSecond: (tripsMs.length / elapsedMs) * 1000, tripsMs })
    })
    for (let message = 0; message < inFlight; message += 1) send()
  })
}
