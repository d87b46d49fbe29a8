// An upstream that follows a script, on a port of its own.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { takeRequest } from './message.ts'
import { Wire } from './wire.ts'
import type { Server } from 'node:net'
import type { Message } from './message.ts'

/** A connection of a proxy to an upstream. */
export interface Connection {
  wire: Wire
  /** The number of the connection, from 0. */
  at: number
  /** Takes the next request, and keeps it for the case to look at. */
  request: () => Promise<Message>
}

/** The upstream's part, for each connection. The connection of a script that throws is destroyed. */
export type Script = (connection: Connection) => Promise<void> | void

/** A server that follows its script. The caller of start() disposes the server. */
export class Upstream implements AsyncDisposable {
  readonly port: number
  /** The connections up to now. */
  readonly wires: Wire[] = []
  /** The requests up to now. */
  readonly requests: Message[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as { port: number }).port
  }

  /** Starts an upstream; null refuses connections. */
  static async start(script: Script | null): Promise<Upstream> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const upstream = new Upstream(server)
    if (script === null) server.close()
    else server.on('connection', (socket) => void upstream.#follow(script, new Wire(socket)))
    return upstream
  }

  async #follow(script: Script, wire: Wire): Promise<void> {
    const at = this.wires.push(wire) - 1
    const request = async (): Promise<Message> => {
      const message = await takeRequest(wire)
      this.requests.push(message)
      return message
    }
    try {
      await script({ wire, at, request })
    } catch {
      // The connection ended, or nothing came in time: the case sees it at the other end.
      wire.socket.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.wires) wire.socket.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }
}
