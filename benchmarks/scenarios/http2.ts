// The cost of a request over HTTP/2, beside a bare server of node:http2.

import { countCpu } from '../cpu-time.ts'
import { h2load, hasH2load } from '../loads/h2load.ts'
import { nodeServer } from '../server-process.ts'
import { BROWSER } from './hello.ts'
import { isthmus, measured } from './servers.ts'
import type { StreamedRequest } from '../loads/h2load.ts'
import type { Numbers } from '../report.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Pace, Scenario } from './scenario.ts'

const HELLO: StreamedRequest = { path: '/', headers: [], connections: 8, streams: 10 }
// RFC 9113, 8.2.2: HTTP/2 has no field about the connection.
const FIELDS = BROWSER.filter((field) => !field.startsWith('Connection:'))
const REQUESTS: Readonly<Record<string, StreamedRequest>> = {
  hello: HELLO,
  browser: { ...HELLO, headers: FIELDS },
}
const CONTROL = 'node:http2'

export const http2: Scenario = {
  id: 'http2',
  title: 'HTTP/2: what a request costs',
  about:
    'The hello over HTTP/2 without TLS, with h2load: eight connections, each with ten requests at once. The control row answers ' +
    'with the stream interface of node:http2, as isthmus does.',
  variants: { hello: 'no fields', browser: 'eight browser fields' },
  columns: [
    { number: 'cpuMicros', label: 'CPU µs/req', digits: 1 },
    { number: 'perSecond', label: 'req/s', digits: 0 },
  ],
  control: CONTROL,
  quick: ['hello'],
  subjects: () => {
    if (!hasH2load()) {
      return {
        subjects: [],
        skipped: ['skipped: http2, which needs h2load (Debian: nghttp2-client)'],
      }
    }
    const peers = [
      { name: CONTROL, command: nodeServer('node-http2.js') },
      isthmus('events', 'events', { http2: true }),
      isthmus('iterable', 'iterable', { http2: true }),
      isthmus('sync inline', 'inline', { http2: true }),
      isthmus('sync in one thread', 'thread', { http2: true }),
    ]
    return { subjects: measured(peers, measureStreams), skipped: [] }
  },
}

async function measureStreams(
  server: ServerProcess,
  variant: string,
  pace: Pace,
): Promise<Numbers> {
  const request = REQUESTS[variant] as StreamedRequest
  await h2load(server.url, request, pace.warmUpSeconds)
  const costOf = countCpu(server)
  const { requests, perSecond } = await h2load(server.url, request, pace.seconds)
  return { ...costOf(requests), perSecond, requests }
}
