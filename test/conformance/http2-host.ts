// The hosts "serve() over HTTP/2" and "toNode() in a server of node:http2", with a client of node:http2.

import { toNode } from 'isthmus/adapters'
import { settlesWithin } from '../../src/waiting/settles-within.ts'
import { served } from '../raw/served.ts'
import { outerHttp2 } from '../server/embedded/outer-http2.ts'
import { StreamClient } from '../server/http2/stream-client.ts'
import { dateless } from './host.ts'
import type { ClientHttp2Stream } from 'node:http2'
import type { HeaderPairs, HostedApp } from 'isthmus'
import type { Answer, Host, Request, Stream } from './host.ts'

/** Starts apps on free ports. Every request has its own connection. */
export async function http2Host(app: HostedApp): Promise<Host> {
  const server = await served(app, { lifespan: 'auto', http2: true })
  return hostAt(server.server.url, [], async () => server[Symbol.asyncDispose]())
}

/** The same for apps inside a server of node:http2. */
export async function outerHttp2Host(app: HostedApp): Promise<Host> {
  const handler = toNode(app, { log: null })
  await handler.start()
  const outer = await outerHttp2(handler)
  // The field Server belongs to the outer server, and the suite has the one of serve().
  return hostAt(`http://127.0.0.1:${outer.port}`, [['server', 'isthmus']], async () => {
    await outer[Symbol.asyncDispose]()
    await handler.close()
  })
}

function hostAt(url: string, added: HeaderPairs, close: () => Promise<void>): Host {
  return {
    async ask(request = {}) {
      using client = new StreamClient(url)
      const { status, headers, body } = await client.ask(askedOf(request))
      return { status, headers: [...dateless(framed(request, status, headers)), ...added], body }
    },
    async open(request = {}) {
      const client = new StreamClient(url)
      const stream = client.open(askedOf(request))
      stream.pause()
      return reading(client, stream)
    },
    [Symbol.asyncDispose]: close,
  }
}

function askedOf({ method = 'GET', target = '/', headers = [], body }: Request): object {
  return { method, path: target, headers, body, pseudo: { ':authority': 'example.test' } }
}

// In the terms of the suite, a body without a length is chunked.
function framed({ method }: Request, status: Answer['status'], headers: HeaderPairs): HeaderPairs {
  const hasLength = headers.some(([name]) => name === 'content-length')
  if (hasLength || method === 'HEAD' || status === 204 || status === 304) return headers
  const at = headers.findIndex(([name]) => name === 'date')
  return headers.toSpliced(at, 0, ['transfer-encoding', 'chunked'])
}

function reading(client: StreamClient, stream: ClientHttp2Stream): Stream {
  return {
    async read() {
      const chunk = new Promise<Buffer>((resolve) => stream.once('data', resolve))
      stream.resume()
      if (!(await settlesWithin(chunk, 30_000))) throw new Error('no chunk came within 30 s')
      stream.pause()
      return (await chunk).toString('latin1')
    },
    leave: () => client.session.destroy(),
  }
}
