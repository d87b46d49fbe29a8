// isthmus under siege: a hello, and a response without end at /endless. The first argument is writeTimeoutMs.

import { events, serve } from 'isthmus'
import { ready } from './ready.js'

const block = Buffer.alloc(65_536, 'x')

const app = events(async (scope, receive, send) => {
  if (scope.type !== 'http') return
  await send({
    type: 'http.response.start',
    status: 200,
    headers: [['content-type', 'text/plain']],
  })
  if (scope.path !== '/endless') {
    await send({ type: 'http.response.body', body: 'Hello, world\n' })
    return
  }
  for (;;) await send({ type: 'http.response.body', body: block, moreBody: true })
})
const { url } = await serve(app, { port: 0, log: null, writeTimeoutMs: Number(process.argv[2]) })
ready(url)
