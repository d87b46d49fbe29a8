// The files that the new user writes.

/** A WebSocket that sends each message back. */
export const BOARD = `
import { websocket } from 'isthmus'

export default websocket(async (socket) => {
  for await (const message of socket) await socket.send(message)
})
`

const EXPRESS = `
const express = require('express')

const app = express()
app.get('/', (req, res) => res.send('the shop'))
`

/** An Express app in CommonJS, as the program that it was, and with an export. */
export const SHOP: { unexported: string; exported: string } = {
  unexported: EXPRESS,
  exported: `${EXPRESS}\nmodule.exports = app\n`,
}

/** Pages in threads that know their request and call an async app, in TypeScript without `"type": "module"`. */
export const COMMONJS = {
  'tenant.ts': `
import { AsyncLocalStorage } from 'node:async_hooks'
import { carry } from 'isthmus'

export const tenant = carry('tenant', new AsyncLocalStorage<string>())
`,
  'search.ts': `
import { iterable } from 'isthmus'

export default iterable(async function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'found ' + environ.QUERY_STRING
})
`,
  'pages.ts': `
import { join } from 'node:path'
import { currentRequest, sync, toSync } from 'isthmus'
import { tenant } from './tenant'

const search = toSync(join(__dirname, 'search.ts'))

export default sync((environ, startResponse) => {
  if (environ.PATH_INFO === '/search') return search(environ, startResponse)
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [currentRequest()?.requestId + ' of the ' + tenant.getStore()]
})
`,
  'app.ts': `
import { join } from 'node:path'
import { events, threads } from 'isthmus'
import { tenant } from './tenant'

const pages = threads(join(__dirname, 'pages.ts'), { max: 1 })

export default events((scope, receive, send) => tenant.run('theatre', () => pages(scope, receive, send)))
`,
  'server.ts': `
import { serve } from 'isthmus'
import app from './app'

async function main() {
  const server = await serve(app, { port: 0 })
  console.log('listening on ' + server.url)
}
void main()
`,
}

/** An app that takes a second and a half for an answer. */
export const STARTED = {
  'app.ts': `
import { setTimeout } from 'node:timers/promises'
import { iterable } from 'isthmus'

export default iterable(async function* (_environ, startResponse) {
  console.log('a request runs')
  await setTimeout(1_500)
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield 'answered'
})
`,
}

/** An app that tells the address and the scheme of its client. */
export const CLIENT_FACTS = `
import { sync } from 'isthmus'

export default sync((environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [environ.REMOTE_ADDR + ' ' + environ['wsgi.url_scheme']]
})
`

/** An app that answers with the length of the body, which the load wants. */
export const COUNT = `
import { sync } from 'isthmus'

export default sync((environ, startResponse) => {
  const body = environ['wsgi.input'].read()
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [String(body.length)]
})
`

/** Holds the socket as systemd does, and starts the next server when the last one has ended. */
export const SUPERVISOR = `
unset ISTHMUS_PORT
for start in 1 2 3; do
  ../node_modules/.bin/isthmus serve app.js --threads 1 --fd 3 --no-access-log &
  echo "process $!"
  wait $!
  echo "status $?"
done
`
