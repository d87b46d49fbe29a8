// The benchmarks' app, in Express with its defaults.

import { Readable } from 'node:stream'
import express from 'express'
import { CHUNK, CHUNKS, HELLO, ITEMS, work } from '../servers/content.js'

const app = express()
app.get('/', (_request, response) => response.type('text/plain').send(HELLO))
app.get('/busy', (request, response) => {
  work(new URL(request.url, 'http://host').search.slice(1))
  response.type('text/plain').send(HELLO)
})
app.get('/json', (_request, response) => response.json(ITEMS))
app.post('/echo', express.raw({ type: '*/*', limit: '32mb' }), (request, response) =>
  response.type('text/plain').send(request.body),
)
app.get(
  '/stream',
  (_request, response) => void Readable.from(chunks()).pipe(response.type('text/plain')),
)
app.post('/upload', (request, response) => {
  let size = 0
  request.on('data', (chunk) => (size += chunk.length))
  request.on('end', () => response.type('text/plain').send(String(size)))
})

// At the end the load closes its connections, also in the middle of a body.
app.use((_error, _request, response, _next) => response.destroy())

function* chunks() {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) yield CHUNK
}

export default app
