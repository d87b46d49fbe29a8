// Express on node:http, with ws for the echo, all on the event loop.

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import app from '../apps/express.js'
import { listen } from './ready.js'

const server = createServer(app)
new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
listen(server)
