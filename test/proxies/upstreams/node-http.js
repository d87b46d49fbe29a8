// Bare node:http as the server after a proxy, for comparison. Arguments: as those of isthmus.js, except the engine.

import { createServer } from 'node:http'
import { LIMIT, factsOf } from './answers.js'

function answer(response, status, body, headers = {}) {
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': length, ...headers })
  response.end(body)
}

function count(request, response) {
  let size = 0
  request.on('data', ({ length }) => (size += length))
  request.on('end', () => answer(response, 200, String(size)))
}

function limited(request, response) {
  if (Number(request.headers['content-length'] ?? 0) > LIMIT) return answer(response, 413, 'long\n')
  let size = 0
  request.on('data', ({ length }) => {
    size += length
    if (size > LIMIT && !response.headersSent) answer(response, 413, 'long\n')
  })
  return request.on('end', () => response.headersSent || answer(response, 200, String(size)))
}

function hints(request, response) {
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
  answer(response, 200, 'hinted\n')
}

function trailers(request, response) {
  response.writeHead(200, { 'content-type': 'text/plain', trailer: 'x-checksum' })
  response.addTrailers({ 'x-checksum': 'abc' })
  response.end('body\n')
}

function facts({ socket, headers }, response) {
  answer(response, 200, factsOf(socket.remoteAddress ?? null, 'http', Object.entries(headers)))
}

const routes = {
  '/early': (request, response) => answer(response, 200, 'early\n'),
  '/limit': limited,
  '/auth': (request, response) =>
    answer(response, 401, 'who?\n', { 'www-authenticate': 'Basic realm="Restricted"' }),
  '/raw-facts': facts,
  '/facts': facts,
  '/hints': hints,
  '/trailers': trailers,
}

const [, port = '0', mode = 'open', keepAliveMs = '75000'] = process.argv.slice(2)
const server = createServer((request, response) => {
  if (mode === 'limited') limited(request, response)
  else (routes[request.url] ?? count)(request, response)
})
server.keepAliveTimeout = Number(keepAliveMs)
process.once('SIGTERM', () => server.close(() => process.exit(0)))
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})
