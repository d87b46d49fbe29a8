// The host "serve() on a real socket". Requests are raw bytes.

import { served } from '../raw/served.ts'
import { dateless } from './host.ts'
import type { HostedApp } from 'isthmus'
import type { RawClient } from '../raw/raw-client.ts'
import type { RawHead } from '../raw/raw-response.ts'
import type { Answer, Engine, Host, Request } from './host.ts'

/** Starts apps on free ports. Every request has its own connection. */
export function socketHost(engine: 'native' | 'node'): Engine {
  return (app) => listen(app, engine)
}

async function listen(app: HostedApp, engine: 'native' | 'node'): Promise<Host> {
  const server = await served(app, { lifespan: 'auto', engine })
  return {
    async ask(request = {}) {
      using client = await server.connect()
      client.send(wireOf(request))
      return await answerOf(client, await client.head(), request.method)
    },
    async open(request = {}) {
      const client = await server.connect()
      client.send(wireOf(request))
      await client.head()
      // A paused socket: unread bytes wait in the server.
      client.socket.pause()
      return {
        async read() {
          client.socket.resume()
          return (await client.chunk()) ?? ''
        },
        leave: () => client.reset(),
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The bytes of a request, one character each. */
export function wireOf({ method = 'GET', target = '/', headers = [], body }: Request): string {
  const fields = [['host', 'example.test'], ...headers]
  if (typeof body === 'string') fields.push(['content-length', String(body.length)])
  if (Array.isArray(body)) fields.push(['transfer-encoding', 'chunked'])
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${framed(body)}`
}

function framed(body: Request['body'] = ''): string {
  if (typeof body === 'string') return body
  const chunks = body.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
  return `${chunks.join('')}0\r\n\r\n`
}

async function answerOf(client: RawClient, head: RawHead, method?: string): Promise<Answer> {
  const body = await client.body(head, method).then(
    (whole) => whole.body,
    (error: unknown) => {
      if (client.open) throw error
      return null
    },
  )
  return { status: head.status, headers: dateless(head.headers), body }
}
