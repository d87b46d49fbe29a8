// A server of node:http around the handlers under test.

import { createServer } from 'node:http'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { RawClient } from '../../raw/raw-client.ts'
import type { RequestListener, Server } from 'node:http'
import type { RawResponse } from '../../raw/raw-response.ts'

/** A server that listens. The test that starts it also disposes it. */
export interface Outer extends AsyncDisposable {
  server: Server
  base: string
  connect(): Promise<RawClient>
  /** One exchange on a connection of its own. `request` is the line and the fields after `Host`, then the body. */
  ask(request: string): Promise<RawResponse>
  /** A WebSocket, not yet open. */
  webSocket(path: string, subprotocols?: string[]): WebSocket
}

/** Listens with `listener` on a free port. */
export async function outer(listener: RequestListener): Promise<Outer> {
  return around(createServer(listener).listen(0, '127.0.0.1'))
}

/** The same for a server that another package has made. */
export async function around(server: Server): Promise<Outer> {
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const connect = (): Promise<RawClient> => RawClient.connect({ host: '127.0.0.1', port })
  return {
    server,
    base: `http://127.0.0.1:${port}`,
    connect,
    async ask(request) {
      using client = await connect()
      const [line = '', ...rest] = request.split('\r\n')
      client.send([`${line} HTTP/1.1`, 'Host: example.test', ...rest].join('\r\n'))
      return await client.response(line.split(' ')[0])
    },
    webSocket: (path, subprotocols = []) =>
      new WebSocket(`ws://127.0.0.1:${port}${path}`, subprotocols),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A request line of `GET` for {@link Outer.ask}. */
export function get(target: string, fields = ''): string {
  return `GET ${target}\r\n${fields}\r\n`
}

/** A `POST` with a length for {@link Outer.ask}. */
export function post(target: string, body: string, fields = ''): string {
  return `POST ${target}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`
}
