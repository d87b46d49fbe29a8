// The answers of the apps in this folder: whole bodies.

import type { EventApp, HeaderPairs, HttpScope, Send } from '../contract/events.ts'

/** A response whose body is whole. */
export interface Answer {
  status: number
  headers: HeaderPairs
  body: string
}

/** An answer with `value` as JSON. */
export function json(status: number, value: unknown, ...headers: HeaderPairs): Answer {
  const body = `${JSON.stringify(value, null, 2)}\n`
  return { status, headers: [['content-type', 'application/json'], ...headers], body }
}

/** Sends the answer that `handle` returns to each HTTP request. A WebSocket is denied with 404. */
export function answering(
  handle: (scope: HttpScope, body: () => Promise<string>) => Promise<Answer>,
): EventApp {
  return async function answers(scope, receive, send) {
    if (scope.type === 'lifespan') return
    if (scope.type === 'websocket') {
      await receive()
      return send({ type: 'websocket.close' })
    }
    const body = async (): Promise<string> => {
      const chunks: Uint8Array[] = []
      for (;;) {
        const event = await receive()
        if (event.type !== 'http.request') break
        chunks.push(event.body)
        if (!event.moreBody) break
      }
      return Buffer.concat(chunks).toString('utf8')
    }
    await sendAnswer(send, await handle(scope, body))
  }
}

async function sendAnswer(send: Send, { status, headers, body }: Answer): Promise<void> {
  const fields: HeaderPairs = [...headers, ['cache-control', 'no-store']]
  await send({ type: 'http.response.start', status, headers: fields })
  await send({ type: 'http.response.body', body })
}
