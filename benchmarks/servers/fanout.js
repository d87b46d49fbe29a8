// A board: each GET of /publish sends one message to all WebSockets. The argument is the server.

import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { WebSocket, WebSocketServer } from 'ws'
import { events, serve, websocket } from 'isthmus'
import { memory } from 'isthmus/channels'
import { listen, ready } from './ready.js'

const GROUP = 'board'
let sold = 0

function nextMessage() {
  sold += 1
  return {
    type: 'sold',
    event: 'an evening of chamber music',
    seat: 'B12',
    sold,
    left: 9000 - sold,
  }
}

/** A server of node:http whose `publish` gets each message. */
function httpServer(publish) {
  return createServer((_request, response) => {
    publish(nextMessage())
    response.end('published\n')
  })
}

function plain() {
  const clients = new Set()
  const server = httpServer((message) => {
    const text = JSON.stringify(message)
    for (const client of clients) if (client.readyState === WebSocket.OPEN) client.send(text)
  })
  new WebSocketServer({ server, clientTracking: false }).on('connection', (client) => {
    clients.add(client)
    client.on('message', () => undefined).on('close', () => clients.delete(client))
  })
  listen(server)
}

function socketIo() {
  const server = httpServer((message) => io.emit('sold', message))
  // Without a limit of time for the clients, which answer no pings of this protocol.
  const io = new Server(server, { transports: ['websocket'], pingInterval: 1e8 })
  listen(server)
}

async function loop() {
  const clients = new Set()
  const live = websocket(async (socket) => {
    await socket.accept()
    clients.add(socket)
    try {
      for await (const message of socket) void message
    } finally {
      clients.delete(socket)
    }
  })
  await board(live, (message) => {
    const text = JSON.stringify(message)
    for (const client of clients) void client.send(text)
  })
}

async function channels() {
  const live = websocket(async (socket) => {
    await socket.join(GROUP, { forward: true })
    for await (const message of socket) void message
  })
  await board(live, (message, scope) => scope['isthmus.channels'].publish(GROUP, message))
}

async function board(live, publish) {
  const app = events(async (scope, receive, send) => {
    if (scope.type === 'websocket') return live(scope, receive, send)
    if (scope.type !== 'http') return
    publish(nextMessage(), scope)
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'published\n' })
  })
  ready((await serve(app, { port: 0, log: null, channels: memory() })).url)
}

await { plain, socketIo, loop, channels }[process.argv[2]]()
