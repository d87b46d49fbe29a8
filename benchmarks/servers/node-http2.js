// Control: a bare node:http2 server, with its interface of streams.

import { createServer } from 'node:http2'
import { HELLO } from './content.js'
import { listen } from './ready.js'

const FIELDS = { ':status': 200, 'content-type': 'text/plain', 'content-length': HELLO.length }

const server = createServer()
server.on('stream', (stream) => {
  stream.on('error', () => undefined)
  stream.respond({ ...FIELDS })
  stream.end(HELLO)
})
listen(server)
