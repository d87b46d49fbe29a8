// Control: a bare node:http server.

import { createServer } from 'node:http'
import { ready } from './ready.js'

const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '13' })
  response.end('Hello, world\n')
})
server.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`))
