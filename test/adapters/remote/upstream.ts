// A scripted target for remote(), and a server with remote() in it.

import { createServer } from 'node:net'
import type { RawClient } from '../../raw/raw-client.ts'
import { served } from '../../raw/served.ts'
import { remote } from 'isthmus/adapters'
import type { Server as NetServer, Socket } from 'node:net'
import type { RemoteApp, RemoteOptions } from 'isthmus/adapters'
import type { Served } from '../../raw/served.ts'

/** One request as the scripted server got it. */
export interface Got {
  /** The number of its connection, from 0. */
  connection: number
  /** The head, as bytes of latin-1, with its empty line. */
  head: string
  socket: Socket
}

/** A server that gives the head of each request to a script. */
export interface Scripted extends AsyncDisposable {
  url: string
  port: number
  requests: Got[]
  sockets: Set<Socket>
  /** All bytes that it got, as latin-1. */
  bytes: () => string
}

/** Starts a server that calls `script` with the head of each request. Bodies reach the script by the events of the socket. */
export async function scripted(script: (got: Got) => void, port = 0): Promise<Scripted> {
  const requests: Got[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let bytes = ''
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = connections++
    let inbox = ''
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (data) => {
      inbox += data.toString('latin1')
      bytes += data.toString('latin1')
      for (let end = inbox.indexOf('\r\n\r\n'); end >= 0; end = inbox.indexOf('\r\n\r\n')) {
        // The body of the request before it may stand in front of the head.
        const start = inbox.search(/[A-Z]+ \S+ HTTP\/1\.1\r\n/)
        const got = { connection, head: inbox.slice(start, end + 4), socket }
        inbox = inbox.slice(end + 4)
        if (start < 0 || start > end) continue
        requests.push(got)
        script(got)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: bound } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    requests,
    sockets,
    bytes: () => bytes,
    [Symbol.asyncDispose]: () => ended(server, sockets),
  }
}

function ended(server: NetServer, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** A response with `body`. */
export function ok(body = 'ok', fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
}

/** A server with remote() in it, and a client for it. */
export interface Front extends AsyncDisposable {
  app: RemoteApp
  served: Served
  client: RawClient
  lines: string[]
}

/** Serves remote() to `targets`, and connects to it. */
export async function front(
  targets: string | string[],
  options: RemoteOptions = {},
): Promise<Front> {
  const app = remote(targets, options)
  const running = await served(app, { lifespan: 'auto' })
  const client = await running.connect()
  return {
    app,
    served: running,
    client,
    lines: running.lines,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]()
      await running[Symbol.asyncDispose]()
    },
  }
}

/** A port on which nothing listens. */
export async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until `isTrue`, at most thirty seconds. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 10) {
    if (isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${what} did not happen within 30 s`)
}
