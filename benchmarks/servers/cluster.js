// Control: a bare handler of node:http in the workers of node:cluster. Argument: the number of workers.

import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { compute, HELLO } from './content.js'
import { ready } from './ready.js'

const [workers = '1'] = process.argv.slice(2)

if (cluster.isPrimary) {
  let listening = 0
  for (let count = 0; count < Number(workers); count += 1) cluster.fork()
  cluster.on('listening', (_worker, { port }) => {
    listening += 1
    if (listening === Number(workers)) ready(`http://127.0.0.1:${port}`)
  })
} else {
  const server = createServer((request, response) => {
    if (request.url === '/compute') response.setHeader('x-value', compute())
    const body = request.url === '/pid' ? String(process.pid) : HELLO
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
}
