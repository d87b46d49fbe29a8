// A bounded load of keep-alive clients: GETs and small POSTs in turns, each client at its own pace.

import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Tally } from './tally.ts'

/** The size and pace of a load. */
export interface LoadShape {
  clients: number
  /** The pause of one client between an answer and its next request. */
  pauseMs: number
  /** True if each request is a POST, which a proxy does not repeat. */
  isPostOnly?: boolean
}

/** A load that runs until it is stopped. */
export interface Load {
  tally: Tally
  stop(): Promise<void>
}

const POST_BYTES = 1024
const ANSWER_MS = 30_000

/** Starts the clients. `where` names the load in its faults. */
export function startLoad(url: string, where: string, shape: LoadShape): Load {
  const { clients, pauseMs, isPostOnly = false } = shape
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const tally = new Tally()
  const stopping = new AbortController()

  const client = async (): Promise<void> => {
    for (let count = 0; !stopping.signal.aborted; count += 1) {
      const isPost = isPostOnly || count % 2 === 1
      const outcome = await ask(url, agent, isPost)
      tally.count(
        outcome,
        isPost ? `200 ${POST_BYTES}` : '200 0',
        `${where}, ${isPost ? 'POST' : 'GET'}`,
      )
      await sleep(pauseMs)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, client))
  const stop = async (): Promise<void> => {
    stopping.abort()
    await running
    agent.destroy()
  }
  return { tally, stop }
}

/** Asks once. @returns the status and the body, or the code of the error */
function ask(url: string, agent: Agent, isPost: boolean): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent, method: isPost ? 'POST' : 'GET', timeout: ANSWER_MS })
    const onError = ({ code, message }: NodeJS.ErrnoException): void => resolve(code ?? message)
    sent.on('error', onError)
    sent.on('timeout', () => sent.destroy(new Error(`no answer for ${ANSWER_MS} ms`)))
    sent.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('error', onError)
      response.on('end', () => resolve(answerOf(response.statusCode, body)))
    })
    sent.end(isPost ? 'x'.repeat(POST_BYTES) : undefined)
  })
}

function answerOf(status: number | undefined, body: string): string {
  return status === 200 ? `200 ${body}` : String(status)
}
