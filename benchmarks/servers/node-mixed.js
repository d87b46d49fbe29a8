// node:http and ws: an echo beside the busy code, all on the event loop.

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { ready } from './ready.js'
import { work } from './sync-work.js'

const server = createServer((request, response) => {
  work()
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '13' })
  response.end('Hello, world\n')
})
new WebSocketServer({ server, path: '/echo' }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
server.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`))
