// The cost of a request.

import { GET, httpScenario } from './http.ts'
import { EXPRESS, FLOOR, FRAMEWORKS, isthmus, NODE_HTTP, STYLES } from './servers.ts'
import type { Scenario } from './scenario.ts'

/** Nine fields, as Chromium sends them; the load adds Host. */
export const BROWSER: readonly string[] = [
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; seen=1732665600',
]
const HELLO = { ...GET, path: '/', answerBytes: 13 }

export const hello: Scenario = httpScenario({
  id: 'hello',
  title: 'Hello: what a request costs',
  about:
    'A response of 13 bytes to 32 keep-alive connections: all that is left is what the server itself costs. ' +
    'Every connection sends the same fields over and over, which a real client nearly does, and which isthmus remembers.',
  exchanges: {
    bare: { ...HELLO, label: 'only Host' },
    browser: { ...HELLO, headers: BROWSER, label: 'nine browser fields' },
  },
  control: NODE_HTTP.name,
  quick: ['bare'],
  node: [
    FLOOR,
    NODE_HTTP,
    ...FRAMEWORKS,
    ...STYLES,
    isthmus('events with figures', 'events', { figures: true }),
    isthmus('iterable, async generator', 'generator'),
    isthmus('events, on node:http', 'events', { engine: 'node' }),
  ],
  python: ['uvicorn', 'wsgiToAsgi', 'gunicorn', 'gthread'],
})

export const throughput: Scenario = httpScenario({
  id: 'throughput',
  title: 'Throughput on two cores',
  about:
    'The hello with server and load on the same two cores, as on a small machine: here a second thread of the server has ' +
    'somewhere to run.',
  exchanges: { bare: { ...HELLO, label: 'only Host' } },
  sharing: 'shared',
  control: NODE_HTTP.name,
  quick: [],
  node: [
    NODE_HTTP,
    ...STYLES,
    isthmus('events in one thread', 'events-thread'),
    EXPRESS,
    isthmus('Express in one thread', 'express-thread'),
  ],
  python: [],
})
