// The steps of all HTTP scenarios: check one answer, warm up, then measure.

import { countCpu } from '../cpu-time.ts'
import { pythonPeers } from './servers.ts'
import type { HttpLoad, HttpRequest } from '../loads/http-request.ts'
import type { Numbers } from '../report.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Column, Pace, Scenario, Subject, Tools } from './scenario.ts'
import type { Peer } from './servers.ts'

/** A request, and the length of its answer. */
export interface Exchange extends HttpRequest {
  answerBytes: number
}

/** 32 connections, a GET, no fields but Host. */
export const GET: Omit<HttpRequest, 'path'> = { headers: [], bodyBytes: 0, connections: 32 }

export const HTTP_COLUMNS: readonly Column[] = [
  { number: 'cpuMicros', label: 'CPU µs/req', digits: 1 },
  { number: 'perSecond', label: 'req/s', digits: 0 },
  { number: 'p50Ms', label: 'p50 ms', digits: 2 },
  { number: 'p99Ms', label: 'p99 ms', digits: 2 },
]

/** A scenario that is a request, in one or more variants, to servers of Node and of Python. */
export function httpScenario(
  definition: Omit<Scenario, 'subjects' | 'columns' | 'variants'> & {
    exchanges: Readonly<Record<string, Exchange & { label: string }>>
    node: readonly Peer[]
    python: Parameters<typeof pythonPeers>[1]
  },
): Scenario {
  const { exchanges, node, python, ...rest } = definition
  const labels = Object.entries(exchanges).map(([variant, { label }]) => [variant, label] as const)
  return {
    ...rest,
    variants: Object.fromEntries(labels),
    columns: HTTP_COLUMNS,
    subjects: (tools: Tools) => {
      const { peers, skipped } = pythonPeers(tools, python)
      const measure: Subject['measure'] = (server, variant, pace) =>
        measureExchange(server, exchanges[variant] as Exchange, { load: tools.load, pace })
      return { subjects: [...node, ...peers].map((peer) => ({ ...peer, measure })), skipped }
    },
  }
}

/** Checks one answer, warms up, and measures. `count` begins to count CPU time. */
export async function measureExchange(
  server: ServerProcess,
  exchange: Exchange,
  { load, pace, count = countCpu }: { load: HttpLoad; pace: Pace; count?: typeof countCpu },
): Promise<Numbers> {
  await checkAnswer(server.url, exchange)
  await load(server.url, exchange, pace.warmUpSeconds)
  const costOf = count(server)
  const { requests, perSecond, p50Ms, p99Ms } = await load(server.url, exchange, pace.seconds)
  return { ...costOf(requests), perSecond, p50Ms, p99Ms, requests }
}

// A wrong answer is no result, however fast.
async function checkAnswer(
  url: string,
  { path, headers, bodyBytes, answerBytes }: Exchange,
): Promise<void> {
  const fields = headers.map((field) => field.split(': ', 2) as [string, string])
  const post = { method: 'POST', headers: fields, body: Buffer.alloc(bodyBytes, 'x') }
  const response = await fetch(url + path, bodyBytes > 0 ? post : {})
  const { byteLength } = await response.arrayBuffer()
  if (response.status === 200 && byteLength === answerBytes) return
  throw new Error(
    `${url}${path} answered ${response.status} with ${byteLength} bytes, not 200 with ${answerBytes}`,
  )
}
