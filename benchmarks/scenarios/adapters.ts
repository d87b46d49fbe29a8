// Apps of other frameworks, unchanged: as their framework serves them, and by an adapter.

import { GET, httpScenario } from './http.ts'
import { NODE_HTTP } from './servers.ts'
import { nodeServer } from '../server-process.ts'
import type { Scenario } from './scenario.ts'

const APPS = {
  handler: 'a (req, res) handler',
  express: 'Express 5',
  stack: 'Express 5 with helmet, cors, cookie-parser and json',
  koa: 'Koa 3',
  hono: 'Hono',
}

/** The names of the two rows of an app. */
export function adaptedRows(app: keyof typeof APPS): { own: string; adapted: string } {
  const own = app === 'hono' ? '@hono/node-server' : 'node:http'
  const adapter = app === 'hono' ? 'fromFetch' : 'fromNode'
  return { own: `${APPS[app]} on ${own}`, adapted: `${APPS[app]} on isthmus, ${adapter}` }
}

// Our event app: in the server of another framework, and with middleware of Connect around it.
const OWN_APP = [
  {
    name: 'an event app inside node:http, toNode',
    command: nodeServer('adapted.js', 'event', 'own'),
  },
  { name: 'Connect with helmet on node:http', command: nodeServer('adapted.js', 'connect', 'own') },
  {
    name: 'an event app with helmet on isthmus, fromConnect',
    command: nodeServer('adapted.js', 'connect', 'isthmus'),
  },
]

export const adapters: Scenario = httpScenario({
  id: 'adapters',
  title: 'Apps of other frameworks, unchanged',
  about:
    'The hello, written for five frameworks. The same app is served by its own server, and by isthmus through an adapter, ' +
    'on the native engine. Three more rows have the event app of isthmus inside node:http, and helmet around it.',
  exchanges: { bare: { ...GET, path: '/', answerBytes: 13, label: 'only Host' } },
  control: NODE_HTTP.name,
  quick: [],
  node: [
    NODE_HTTP,
    ...(Object.keys(APPS) as Array<keyof typeof APPS>).flatMap((app) => {
      const { own, adapted } = adaptedRows(app)
      return [
        { name: own, command: nodeServer('adapted.js', app, 'own') },
        { name: adapted, command: nodeServer('adapted.js', app, 'isthmus') },
      ]
    }),
    ...OWN_APP,
  ],
  python: [],
})
