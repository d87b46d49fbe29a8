// The hosts of a handler of node:http: node:http itself, which says the right answers, and the adapter.

import { createServer } from 'node:http'
import { once } from 'node:events'
import { fromNode } from 'isthmus/adapters'
import { RawClient } from '../../raw/raw-client.ts'
import { served } from '../../raw/served.ts'
import type { NodeHandler } from 'isthmus/adapters'

/** Fields that the server sets in its own way: write() and end() in one turn give a Content-Length. */
export const FRAMING: readonly string[] = [
  'date',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'server',
]

/** A running handler. */
export interface Hosted extends AsyncDisposable {
  /** A client whose waits end after `deadlineMs`, or eight seconds. */
  connect(deadlineMs?: number): Promise<RawClient>
}

/** Hosts a handler. */
export interface Subject {
  name: 'node:http' | 'fromNode'
  host: (handler: NodeHandler) => Promise<Hosted>
}

export const SUBJECTS: Subject[] = [
  { name: 'node:http', host: hostOnNode },
  { name: 'fromNode', host: (handler) => served(fromNode(handler)) },
]

async function hostOnNode(handler: NodeHandler): Promise<Hosted> {
  const server = createServer((req, res) => void handler(req, res)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    connect: (deadlineMs) => RawClient.connect({ host: '127.0.0.1', port }, deadlineMs),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
