// The requests that node:http reads from the bytes of one connection: llhttp in strict mode, over a stream in memory.

import { createServer } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HeaderPairs } from '../../../../src/contract/events.ts'

/** A request in the form that the listener of node:http gets. */
export interface NodeRequest {
  method: string
  target: string
  httpVersion: string
  headers: HeaderPairs
  keepAlive: boolean
  body: string
  whole: boolean
}

/** The requests of a connection, and the code of the error that ended it. */
export interface NodeReading {
  requests: NodeRequest[]
  error: string | null
}

const readings = new WeakMap<object, NodeReading>()
const server = createServer(
  { insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 64 * 1024 },
  onRequest,
)
server.maxHeadersCount = 0
server.on('checkContinue', onRequest)
server.on('checkExpectation', onRequest)
// The socket stays open: the requests before the error have not yet passed on their bodies.
server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
  const reading = readings.get(socket)
  if (reading) reading.error ??= code ?? 'unknown'
})
server.on('connect', (_req, socket) => socket.destroy())

/** The requests that node:http reads from `bytes`, which arrive at once. */
export async function readByNode(bytes: Buffer): Promise<NodeReading> {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const reading: NodeReading = { requests: [], error: null }
  readings.set(socket, reading)
  server.emit('connection', socket)
  socket.push(bytes)
  await settled(reading)
  socket.destroy()
  return reading
}

// Streams in memory pass data on in microtasks and ticks: after two turns without news, no more data comes.
async function settled(reading: NodeReading): Promise<void> {
  let before = ''
  for (let turn = 0; turn < 50; turn++) {
    await setImmediate()
    const now = reading.requests.map(({ body, whole }) => `${body.length}${whole}`).join()
    if (now === before && turn > 0) return
    before = now
  }
  throw new Error('node:http did not come to rest')
}

function onRequest(req: IncomingMessage, res: ServerResponse): void {
  const reading = readings.get(req.socket)
  const request: NodeRequest = {
    method: req.method ?? '',
    target: req.url ?? '',
    httpVersion: req.httpVersion,
    headers: pairs(req.rawHeaders),
    keepAlive: res.shouldKeepAlive,
    body: '',
    whole: false,
  }
  reading?.requests.push(request)
  req.on('data', (chunk: Buffer) => {
    request.body += chunk.toString('latin1')
  })
  req.on('end', () => {
    request.whole = true
  })
  // Bodies that break off are part of the comparison.
  req.on('error', () => undefined)
}

function pairs(raw: readonly string[]): HeaderPairs {
  return raw.flatMap((name, index): HeaderPairs =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : [],
  )
}
