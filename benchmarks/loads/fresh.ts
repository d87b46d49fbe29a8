// Fresh requests: each one on a connection of its own, sent when it is due.

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 10
/** The time of a request that has no answer after it. */
export const LIMIT_MS = 5_000

/** Asks every 10 ms, also before the last answer is there. @returns the times in ms; LIMIT_MS for a missing answer */
export async function askFresh(url: string, durationMs: number): Promise<number[]> {
  const asked: Array<Promise<number>> = []
  const until = performance.now() + durationMs
  while (performance.now() < until) {
    asked.push(ask(url))
    await sleep(INTERVAL_MS)
  }
  return Promise.all(asked)
}

async function ask(url: string): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const startedAt = performance.now()
  const signal = AbortSignal.timeout(LIMIT_MS)
  const socket = connect(Number(port), hostname)
  try {
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    const [first] = (await once(socket, 'data', { signal })) as [Buffer]
    const isRight = first.toString('latin1').startsWith('HTTP/1.1 200 ')
    return isRight ? performance.now() - startedAt : LIMIT_MS
  } catch {
    return LIMIT_MS
  } finally {
    socket.on('error', () => undefined).destroy()
  }
}
