// A target that answers a handshake with an HTTP response: the client gets that response.

import { TargetFault } from './websocket-relay.ts'
import { responseHead } from './response-head.ts'
import type { IncomingMessage } from 'node:http'
import type { ForwardedSocket } from './websocket-relay.ts'

/** Relays the response of a target to a handshake, if the server can send one; else it closes, which is a 403. */
export async function relayDenial(
  response: IncomingMessage,
  { scope, send }: ForwardedSocket,
  signal: AbortSignal,
): Promise<void> {
  const leave = (): void => void response.destroy()
  signal.addEventListener('abort', leave, { once: true })
  try {
    if (!scope.extensions['websocket.http.response']) return await send({ type: 'websocket.close' })
    const { headers } = responseHead(response.rawHeaders)
    await send({
      type: 'websocket.http.response.start',
      status: response.statusCode ?? 502,
      headers,
    })
    for await (const body of chunksOf(response)) {
      await send({ type: 'websocket.http.response.body', body, moreBody: true })
    }
    await send({ type: 'websocket.http.response.body', moreBody: false })
  } finally {
    signal.removeEventListener('abort', leave)
    response.destroy()
  }
}

async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array
  } catch (error) {
    throw new TargetFault(error)
  }
}
