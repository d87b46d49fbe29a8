// Hono on Node, through its own adapter.

import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { CHUNK, CHUNKS, HELLO, ITEMS } from './content.js'
import { ready } from './ready.js'

const app = new Hono()
app.get('/', (context) => context.text(HELLO))
app.get('/json', (context) => context.json(ITEMS))
app.post('/echo', async (context) => context.body(await context.req.arrayBuffer()))
app.get('/stream', (context) => context.body(ReadableStream.from(chunks())))
app.post('/upload', async (context) => {
  let size = 0
  for await (const chunk of context.req.raw.body) size += chunk.length
  return context.text(String(size))
})

// At the end the load closes its connections, also in the middle of a body.
app.onError((_error, context) => context.text('', 500))

async function* chunks() {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) yield CHUNK
}

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  ready(`http://127.0.0.1:${port}`),
)
