// The load of isthmus bench: clients that send one request after the other.

import { Agent, get } from 'node:http'

const ANSWER_MS = 30_000

/** The responses that the clients got. */
export interface Answers {
  perSecond: number
  /** The time of each response, sorted. */
  tookMs: number[]
  /** The number of responses with each status; `0` means no response. */
  statuses: ReadonlyMap<number, number>
}

/** Lets `connections` clients request `url` for `durationMs`, and waits for the requests in flight at that time. */
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
