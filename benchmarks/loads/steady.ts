// Requests at a steady rate, also before earlier requests are answered.

import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const ANSWER_MS = 30_000
const TICK_MS = 1

/** The results of the requests. */
export interface Steady {
  /** From the time when a request was due to the end of its answer, in ms: the wait before the send counts. */
  answeredMs: number[]
  /** Answered with 503. */
  refused: number
}

/**
 * Asks for `url` `perSecond` times a second for `durationMs`, and waits for all answers.
 *
 * @throws Error when a request fails, or is answered with another status than 200 or 503
 */
export async function steadily(
  url: string,
  perSecond: number,
  durationMs: number,
): Promise<Steady> {
  const agent = new Agent({ keepAlive: true })
  const outcome: Steady = { answeredMs: [], refused: 0 }
  const asked: Array<Promise<void>> = []
  const startedAt = performance.now()
  try {
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - startedAt) {
      while (asked.length < (elapsedMs / 1000) * perSecond) {
        const dueAt = startedAt + (asked.length / perSecond) * 1000
        asked.push(ask(url, agent, { dueAt, outcome }))
      }
      await sleep(TICK_MS)
    }
    await Promise.all(asked)
    return outcome
  } finally {
    agent.destroy()
  }
}

function ask(
  url: string,
  agent: Agent,
  { dueAt, outcome }: { dueAt: number; outcome: Steady },
): Promise<void> {
  const answered = new Promise<void>((resolve, reject) => {
    const request = get(url, { agent, timeout: ANSWER_MS }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 503) outcome.refused += 1
        else if (response.statusCode === 200) outcome.answeredMs.push(performance.now() - dueAt)
        else reject(new Error(`a request was answered with ${response.statusCode}`))
        resolve()
      })
    })
    request.on('timeout', () => request.destroy(new Error('a request waited for 30 s')))
    request.on('error', reject)
  })
  // Awaited with the others at the end; a failure before that must not end the process.
  answered.catch(() => undefined)
  return answered
}
