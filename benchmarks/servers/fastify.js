// Fastify: the usual choice for speed.

import { Readable } from 'node:stream'
import Fastify from 'fastify'
import { CHUNK, CHUNKS, HELLO, ITEMS } from './content.js'
import { ready } from './ready.js'

const app = Fastify({ bodyLimit: 32 * 1024 * 1024 })
app.addContentTypeParser('text/plain', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
)
app.addContentTypeParser('application/octet-stream', (_request, payload, done) =>
  done(null, payload),
)

app.get('/', (_request, reply) => reply.type('text/plain').send(HELLO))
app.get('/json', (_request, reply) => reply.send(ITEMS))
app.post('/echo', (request, reply) => reply.type('text/plain').send(request.body))
app.get('/stream', (_request, reply) => reply.type('text/plain').send(Readable.from(chunks())))
app.post('/upload', (request, reply) => {
  let size = 0
  request.body.on('data', (chunk) => (size += chunk.length))
  request.body.on('end', () => reply.type('text/plain').send(String(size)))
})

function* chunks() {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) yield CHUNK
}

ready(await app.listen({ port: 0, host: '127.0.0.1' }))
