// The answer of a middleware, sent as events.

import { checkedChunk } from '../../sync/chunk.ts'
import { waitingFor } from '../body-map.ts'
import { fieldsOf } from '../header-list.ts'
import type { Chunk } from '../../contract/environ.ts'
import type { HttpScope, Send, WebSocketScope } from '../../contract/events.ts'
import type { AnswerBody, Outgoing } from '../response.ts'

/**
 * Sends `response`, which is none of the app's, and closes its body.
 *
 * @throws what its body throws, or `send` rejects with
 */
export async function sendAnswer(
  response: Outgoing,
  scope: HttpScope | WebSocketScope,
  send: Send,
): Promise<void> {
  const prefix = scope.type === 'http' ? '' : 'websocket.'
  const { status, headers, answer = '' } = response
  const start = {
    type: `${prefix}http.response.start`,
    status,
    headers: fieldsOf(headers),
  } as const
  const type = `${prefix}http.response.body` as const
  const mapped = response.mapped(scope.type === 'http' ? scope.method : 'GET')
  const change = (chunk: Chunk, isLast: boolean): Chunk | Promise<Chunk> =>
    mapped ? waitingFor(mapped.through(chunk, isLast)) : chunk

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
