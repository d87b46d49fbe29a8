// Control: a bare node:http server, and ws for the echo, all on the event loop.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { CHUNK, CHUNKS, HELLO, ITEMS, work } from './content.js'
import { listen } from './ready.js'

const server = createServer((request, response) => {
  const [path, query] = request.url.split('?')
  switch (path) {
    case '/':
      return answer(response, 'text/plain', HELLO)
    case '/json':
      return answer(response, 'application/json', JSON.stringify(ITEMS))
    case '/echo':
      return whole(request, collect, (body) => answer(response, 'text/plain', body))
    case '/stream':
      return void stream(response)
    case '/upload':
      return whole(request, count, (size) => answer(response, 'text/plain', String(size)))
    case '/busy':
      work(query)
      return answer(response, 'text/plain', HELLO)
    default:
      response.writeHead(404).end()
  }
})

function answer(response, type, body) {
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

// At the end the load closes its connections, also in the middle of a body.
function whole(request, read, then) {
  read(request).then(then, () => request.destroy())
}

async function collect(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function count(request) {
  let size = 0
  for await (const chunk of request) size += chunk.length
  return size
}

async function stream(response) {
  response.writeHead(200, { 'content-type': 'text/plain' })
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    if (!response.write(CHUNK)) await once(response, 'drain')
  }
  response.end()
}

new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
listen(server)
