// Every way to host an app, on either engine, without and with middleware.

import { GET, httpScenario } from './http.ts'
import { FLOOR, isthmus, NODE_HTTP } from './servers.ts'
import type { Scenario } from './scenario.ts'
import type { Peer } from './servers.ts'

const HOSTINGS = {
  events: 'events',
  iterable: 'iterable → events',
  inline: 'sync inline → events',
  thread: 'sync in one thread',
  'events-to-iterable': 'events → iterable → events',
  'events-to-sync': 'events → sync, in one thread',
}
const ENGINES = ['native', 'node']
const LAYERS = [0, 5]

export const matrix: Scenario = httpScenario({
  id: 'matrix',
  title: 'Every hosting, bridge and engine, with 0 and 5 middlewares',
  about:
    'The hello again. An arrow is a bridge. The middlewares are generators that pass everything through. ' +
    '"native" is our HTTP/1.1, "node" is node:http under the same app.',
  exchanges: { bare: { ...GET, path: '/', answerBytes: 13, label: 'only Host' } },
  control: NODE_HTTP.name,
  quick: [],
  node: [FLOOR, NODE_HTTP, ...hostings()],
  python: [],
})

function hostings(): Peer[] {
  return Object.entries(HOSTINGS).flatMap(([hosting, title]) =>
    ENGINES.flatMap((engine) =>
      LAYERS.map((layers) =>
        isthmus(matrixName(title, engine, layers), hosting, { engine, layers }),
      ),
    ),
  )
}

function matrixName(title: string, engine: string, layers: number): string {
  return `${title}, ${engine}${layers > 0 ? `, ${layers} middlewares` : ''}`
}
