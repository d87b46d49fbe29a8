// A server in front of an upstream, and each request as this server gave it to its app.

import { serve } from 'isthmus'
import { remote } from 'isthmus/adapters'
import type { EventApp, HeaderPairs, Receive, ReceiveEvent, Server } from 'isthmus'

/** A request at the front. */
export interface Asked {
  method: string
  target: string
  headers: HeaderPairs
  /** The body up to now; one character for each byte. */
  body: string
  /** True once the last part of the body was read. */
  isWhole: boolean
}

/** The server in front. The caller of start() stops the server. */
export class Front {
  readonly port: number
  readonly #server: Server
  readonly #asked: Asked[]
  readonly #before: Asked[] = []

  private constructor(server: Server, asked: Asked[]) {
    this.#server = server
    this.#asked = asked
    this.port = (server.address as { port: number }).port
  }

  /** Starts remote() with one connection to `url`, so that each request comes after the one before it. */
  static start(url: string): Promise<Front> {
    return Front.startWith(remote(url, { connections: 1 }))
  }

  /** Starts another app. */
  static async startWith(app: EventApp): Promise<Front> {
    const asked: Asked[] = []
    const options = { engine: 'native', port: 0, log: null, graceMs: 100, drainIdleMs: 0 } as const
    return new Front(await serve(observed(app, asked), options), asked)
  }

  /** The requests since the last call. */
  take(): Asked[] {
    const taken = this.#asked.splice(0)
    this.#before.push(...taken)
    return taken
  }

  /** All requests up to the last call of take(). */
  get before(): readonly Asked[] {
    return this.#before
  }

  /** Closes the server and its connections. */
  async stop(): Promise<void> {
    await this.#server.close()
  }
}

function observed(app: EventApp, asked: Asked[]): EventApp {
  return (scope, receive, send) => {
    if (scope.type === 'lifespan') return app(scope, receive, send)
    const { rawPath, queryString, headers } = scope
    const target = rawPath + (queryString && `?${queryString}`)
    // A server without WebSockets sees a handshake as a GET.
    const method = scope.type === 'http' ? scope.method : 'GET'
    // remote() does not read the body of a request that has none.
    const isWhole = scope.type === 'websocket' || !headers.some(isFraming)
    const request = { method, target, headers, body: '', isWhole }
    asked.push(request)
    return app(scope, read(receive, request), send)
  }
}

function lengthOf({ headers }: Asked): number | undefined {
  const length = headers.find(([name]) => name === 'content-length')?.[1]
  return length === undefined ? undefined : Number(length)
}

function isFraming([name, value]: [string, string]): boolean {
  return name === 'transfer-encoding' || (name === 'content-length' && Number(value) !== 0)
}

function read(receive: Receive, request: Asked): Receive {
  const observed = async (): Promise<ReceiveEvent> => {
    const event = await receive()
    if (event.type === 'http.request') {
      request.body += Buffer.from(event.body).toString('latin1')
      // remote() stops at the length, before the event that says so.
      request.isWhole = !event.moreBody || request.body.length === lengthOf(request)
    }
    return event
  }
  const iterate = async function* (): AsyncGenerator<ReceiveEvent, undefined> {
    for (;;) yield await observed()
  }
  return Object.assign(observed, { [Symbol.asyncIterator]: iterate })
}
