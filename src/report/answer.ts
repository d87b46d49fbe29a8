// The answers of the apps in this folder: whole bodies.

import { BodyTooLargeError } from '../errors.ts'
import type { ControlAnswer } from '../contract/control.ts'
import type { EventApp, HeaderPairs, HttpScope, Receive, Send } from '../contract/events.ts'

/** The requests have a few values: a longer body is an error or an attack. */
const LONGEST_BODY = 64 * 1024

/** A response whose body is whole. */
export type Answer = ControlAnswer

/** An answer with `value` as JSON. */
export function json(status: number, value: unknown, ...headers: HeaderPairs): Answer {
  const body = `${JSON.stringify(value, null, 2)}\n`
  return { status, headers: [['content-type', 'application/json'], ...headers], body }
}

/** The answer of a server that has no figures. */
export function noFigures(): Answer {
  const remedy = 'serve(app, { figures: true }), or isthmus serve --figures'
  return json(503, { error: `this server keeps no figures: ${remedy}` })
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
    await sendAnswer(send, await handle(scope, () => bodyText(receive)))
  }
}

async function bodyText(receive: Receive): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const event = await receive()
    if (event.type !== 'http.request') break
    length += event.body.length
    if (length > LONGEST_BODY) throw new BodyTooLargeError(LONGEST_BODY)
    chunks.push(event.body)
    if (!event.moreBody) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function sendAnswer(send: Send, { status, headers, body }: Answer): Promise<void> {
  const fields: HeaderPairs = [...headers, ['cache-control', 'no-store']]
  await send({ type: 'http.response.start', status, headers: fields })
  await send({ type: 'http.response.body', body })
}
