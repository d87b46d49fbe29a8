// node:http, which prints each request that arrives as one line of JSON. Its first line is its URL.

import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const pieces = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('error', () => {})
  request.on('close', () => {
    if (!request.complete) tell(request, pieces)
  })
  request.on('end', () => {
    tell(request, pieces)
    const { length } = Buffer.concat(pieces)
    response.setHeader('x-echo', `${request.method} ${encodeURIComponent(request.url)} ${length}`)
    response.end('ok')
  })
})

function tell(request, pieces) {
  const record = {
    method: request.method,
    target: request.url,
    body: Buffer.concat(pieces).toString('latin1'),
    isWhole: request.complete,
    probe: request.headers['x-probe'] ?? null,
    port: request.socket.remotePort ?? 0,
    fields: pairs(request.rawHeaders),
  }
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

function pairs(raw) {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1]]] : []))
}

process.stdin.on('end', () => process.exit()).resume()
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`)
})
