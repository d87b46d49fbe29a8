// The response of a middleware, sent as events.

import { checkedChunk } from '../../sync/chunk.ts'
import { waitingFor } from '../body-map.ts'
import type { Chunk } from '../../contract/environ.ts'
import type { HttpScope, Send, WebSocketScope } from '../../contract/events.ts'
import type { AnswerBody, Outgoing } from '../response.ts'

/**
 * Sends a response that the app did not make, and closes its body.
 *
 * @throws the error of the body, or the error that `send` rejects with
 */
export async function sendAnswer(
  response: Outgoing,
  scope: HttpScope | WebSocketScope,
  send: Send,
): Promise<void> {
  const prefix = scope.type === 'http' ? '' : 'websocket.'
  const { status, fields, answer = '' } = response
  const start = { type: `${prefix}http.response.start`, status, headers: fields } as const
  const type = `${prefix}http.response.body` as const
  const mapped = response.mapped(scope.type === 'http' ? scope.method : 'GET')
  const change = (chunk: Chunk, isLast: boolean): Chunk | Promise<Chunk> =>
    mapped ? waitingFor(mapped.through(chunk, isLast)) : chunk

  // The next chunk of the answer, or the promise of a map, may take long after the client has left.
  if (mapped?.needsClose) scope['isthmus.exchange']?.onDisconnect(() => mapped.close())
  try {
    if (isChunk(answer)) {
      const body = await change(answer, true)
      await send(start)
      return await send({ type, body })
    }
    await send(start)
    for await (const value of answer) {
      const chunk = checkedChunk(value, 'the body of respond() yielded')
      if (chunk.length > 0) await send({ type, body: await change(chunk, false), moreBody: true })
    }
    await send({ type, body: await change('', true) })
  } finally {
    response.discard()
  }
}

function isChunk(answer: AnswerBody): answer is Chunk {
  return typeof answer === 'string' || answer instanceof Uint8Array
}
