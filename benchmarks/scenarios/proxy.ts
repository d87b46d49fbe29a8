// The cost of a request that is forwarded.

import { countCpuOfChildren } from '../cpu-time.ts'
import { isInstalled } from '../programs.ts'
import { nodeServer } from '../server-process.ts'
import { BROWSER } from './hello.ts'
import { GET, measureExchange } from './http.ts'
import { skippedLine } from './servers.ts'
import type { Exchange } from './http.ts'
import type { Scenario, Subject, Tools } from './scenario.ts'

/** The names of the rows that the budgets compare. */
export const NGINX = 'nginx'
export const HTTP_PROXY = 'http-proxy on node:http'
export const REMOTE = 'isthmus, remote()'

/** The proxies of Node compile their code in the first seconds under load, in s. */
const WARM_UP_SECONDS = 3
const MIB = 1024 * 1024

const EXCHANGES: Readonly<Record<string, Exchange & { label: string }>> = {
  get: { ...GET, path: '/', headers: BROWSER, answerBytes: 13, label: 'GET, nine browser fields' },
  post: {
    ...GET,
    path: '/',
    headers: ['Content-Type: text/plain'],
    bodyBytes: 10_240,
    answerBytes: 10_240,
    label: 'POST of 10 KiB, echoed',
  },
  stream: { ...GET, connections: 8, path: '/stream', answerBytes: MIB, label: '1 MiB, streamed' },
}

const ROWS: ReadonlyArray<{ name: string; word: string; program?: 'nginx' | 'haproxy' }> = [
  { name: NGINX, word: 'nginx', program: 'nginx' },
  { name: 'HAProxy', word: 'haproxy', program: 'haproxy' },
  { name: HTTP_PROXY, word: 'http-proxy' },
  { name: REMOTE, word: 'isthmus' },
]

export const proxy: Scenario = {
  id: 'proxy',
  title: 'A request that is forwarded',
  about:
    'The same upstream of node:http, in a process of its own, after each proxy. CPU time is that of the processes of the ' +
    'proxy alone. Each proxy has one process or thread that works, keeps its connections to the upstream open, and sets ' +
    'X-Forwarded-*. The upstream and the proxy share a core, so requests/s and p50 are those of both.',
  variants: Object.fromEntries(Object.entries(EXCHANGES).map(([key, { label }]) => [key, label])),
  columns: [
    { number: 'cpuMicros', label: 'proxy CPU µs/req', digits: 1 },
    { number: 'upstreamMicros', label: 'upstream CPU µs/req', digits: 1 },
    { number: 'perSecond', label: 'req/s', digits: 0 },
    { number: 'p50Ms', label: 'p50 ms', digits: 2 },
    { number: 'p99Ms', label: 'p99 ms', digits: 2 },
  ],
  control: NGINX,
  quick: [],
  subjects: (tools) => ({
    subjects: ROWS.filter(isThere).map((row) => subjectOf(row, tools)),
    skipped: ROWS.filter((row) => !isThere(row)).map(({ name, word }) => skippedLine(name, [word])),
  }),
}

function isThere({ program }: (typeof ROWS)[number]): boolean {
  return program === undefined || isInstalled(program)
}

function subjectOf({ name, word }: (typeof ROWS)[number], { load }: Tools): Subject {
  return {
    name,
    command: nodeServer('behind.js', word),
    measure: (server, variant, given) => {
      const pace = { ...given, warmUpSeconds: Math.max(given.warmUpSeconds, WARM_UP_SECONDS) }
      const exchange = EXCHANGES[variant] as Exchange
      return measureExchange(server, exchange, { load, pace, count: countCpuOfChildren })
    },
  }
}
