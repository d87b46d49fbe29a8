// A server of node:http2 around the handlers under test.

import { once } from 'node:events'
import { createServer } from 'node:http2'
import { StreamClient } from '../http2/stream-client.ts'
import type { Http2Server, ServerHttp2Session } from 'node:http2'
import type { EmbeddedHandler } from 'isthmus/adapters'
import type { Http2Answer } from '../http2/stream-client.ts'

/** A server that listens. The test that starts it also disposes it. */
export interface OuterHttp2 extends AsyncDisposable {
  server: Http2Server
  port: number
  /** A client. The test that makes it also disposes it. */
  client(): StreamClient
  /** One exchange on a connection of its own. */
  ask(asked?: Parameters<StreamClient['ask']>[0]): Promise<Http2Answer>
}

/** Listens with `handler` on a free port. */
export async function outerHttp2(
  handler: (...call: Parameters<EmbeddedHandler>) => void,
): Promise<OuterHttp2> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = (): StreamClient => new StreamClient(`http://127.0.0.1:${port}`)
  return {
    server,
    port,
    client,
    async ask(asked) {
      using asking = client()
      return await asking.ask(asked)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const session of sessions) session.destroy()
      await closed
    },
  }
}
