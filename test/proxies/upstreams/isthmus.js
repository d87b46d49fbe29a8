// isthmus as the server after a proxy. Arguments: the engine, the port (0 takes a free one), and "limited" for a server
// that refuses every body above LIMIT itself.

import { chain, serve } from 'isthmus'
import { basicAuth, bodyLimit, forwarded } from 'isthmus/middleware'
import { LIMIT, factsOf } from './answers.js'

const text = [['content-type', 'text/plain']]

async function answer(send, status, body) {
  const headers = [...text, ['content-length', String(Buffer.byteLength(body))]]
  await send({ type: 'http.response.start', status, headers })
  await send({ type: 'http.response.body', body: Buffer.from(body) })
}

async function count(scope, receive, send) {
  let size = 0
  for (let isMore = true; isMore;) {
    const event = await receive()
    if (event.type !== 'http.request') return
    size += event.body?.length ?? 0
    isMore = event.moreBody === true
  }
  await answer(send, 200, String(size))
}

async function hints(scope, receive, send) {
  await send({ type: 'http.response.early_hint', links: ['</style.css>; rel=preload; as=style'] })
  await answer(send, 200, 'hinted\n')
}

async function trailers(scope, receive, send) {
  const headers = [...text, ['trailer', 'x-checksum']]
  await send({ type: 'http.response.start', status: 200, headers, trailers: true })
  await send({ type: 'http.response.body', body: Buffer.from('body\n') })
  await send({ type: 'http.response.trailers', headers: [['x-checksum', 'abc']] })
}

async function facts(scope, receive, send) {
  await answer(send, 200, factsOf(scope.client?.[0] ?? null, scope.scheme, scope.headers))
}

async function echo(scope, receive, send) {
  await receive()
  await send({ type: 'websocket.accept' })
  for (let event = await receive(); event.type === 'websocket.receive'; event = await receive()) {
    await send(
      event.text === undefined
        ? { type: 'websocket.send', bytes: event.bytes }
        : { type: 'websocket.send', text: event.text },
    )
  }
}

const early = (scope, receive, send) => answer(send, 200, 'early\n')
const routes = {
  '/early': early,
  '/limit': chain(bodyLimit({ maxBytes: LIMIT }))(count),
  '/auth': chain(basicAuth({ users: { user: 'password' } }))(count),
  '/raw-facts': facts,
  '/facts': chain(forwarded())(facts),
  '/hints': hints,
  '/trailers': trailers,
  '/ws': echo,
}

async function app(scope, receive, send) {
  if (scope.type === 'lifespan') throw new Error('this app has no lifespan')
  await (routes[scope.path] ?? count)(scope, receive, send)
}

const [engine = 'native', port = '0', mode = 'open', keepAliveMs = '75000'] = process.argv.slice(2)
const server = await serve(app, {
  engine,
  port: Number(port),
  log: null,
  keepAliveTimeoutMs: Number(keepAliveMs),
  ...(mode === 'limited' ? { maxBodyBytes: LIMIT } : {}),
})
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)))
console.log(server.url)
