// Control: a node:net server that answers a constant and does not read the request. No server in Node costs less.

import { createServer } from 'node:net'
import { listen } from './ready.js'

const ANSWER =
  'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world\n'

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => socket.write(ANSWER, 'latin1'))
  socket.on('error', () => undefined)
})
listen(server)
