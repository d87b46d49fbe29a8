// The load of isthmus bench: clients that ask one request after the other.

import { Agent, get } from 'node:http'

const ANSWER_MS = 30_000

/** What the clients were answered. */
export interface Answers {
  perSecond: number
  /** How long each answer took, sorted. */
  tookMs: number[]
  /** How often each status came; `0` is no answer at all. */
  statuses: ReadonlyMap<number, number>
}

/** Has `connections` clients ask for `url` until `durationMs` are over; what has begun then is waited for. */
export async function askFor(
  url: string,
  connections: number,
  durationMs: number,
): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const tookMs: number[] = []
  const statuses = new Map<number, number>()
  const startedAt = performance.now()

  const client = async (): Promise<void> => {
    do {
      const since = performance.now()
      const status = await statusOf(url, agent)
      tookMs.push(performance.now() - since)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    } while (performance.now() - startedAt < durationMs)
  }
  await Promise.all(Array.from({ length: connections }, client))
  agent.destroy()
  const seconds = (performance.now() - startedAt) / 1000
  return { perSecond: tookMs.length / seconds, tookMs: tookMs.toSorted((a, b) => a - b), statuses }
}

function statusOf(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: ANSWER_MS }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve(0))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(0))
  })
}
