// Parts of event apps. Threads load this file too, so it imports nothing of the test runner.

import type { EventApp, HttpScope, Receive, Send } from 'isthmus'

/** An event app made from its HTTP part: it answers lifespan and refuses other scopes. */
export function httpApp(
  app: (scope: HttpScope, receive: Receive, send: Send) => Promise<void>,
): EventApp {
  return async (scope, receive, send) => {
    if (scope.type !== 'http') throw new Error(`only HTTP is served, not ${scope.type}`)
    await app(scope, receive, send)
  }
}

/** Answers with 200 and `body` in one event. */
export async function answer(send: Send, body: string | Uint8Array): Promise<void> {
  await send({
    type: 'http.response.start',
    status: 200,
    headers: [['content-type', 'text/plain']],
  })
  await send({ type: 'http.response.body', body })
}

/** The complete request body; throws if the body breaks off. */
export async function readAll(receive: Receive): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const event of receive) {
    if (event.type !== 'http.request') throw new Error(`the body broke off: ${event.type}`)
    chunks.push(event.body)
    if (!event.moreBody) break
  }
  return Buffer.concat(chunks)
}
