// The positions of a page as text: its last message of each group.

import type { HttpScope, WebSocketScope } from '../contract/events.ts'
import type { Position } from '../contract/channels.ts'

/** The position of the last message of each group. */
export type Positions = ReadonlyMap<string, Position>

/**
 * The position before the first message: a page that joins with it gets all that the history of the group has.
 *
 * @example
 * await socket.join('board', { since: sinceOf(socket.scope).get('board') ?? WHOLE_HISTORY, forward: true })
 */
export const WHOLE_HISTORY: Position = Object.freeze({ epoch: '', offset: 0 })

/**
 * Reads the positions that a page sends when it comes back: the value of `since` in the query, or the field `Last-Event-ID`,
 * which an `EventSource` sends. The field wins. Their form is that of a query: `board=5f0c.7&news=91ab.12`. An entry of another
 * form is left out, because the text comes from the client.
 *
 * @param scope the scope of the WebSocket or of the request
 * @returns the positions by the names of their groups; empty for a page that comes for the first time
 *
 * @example
 * const app = websocket(async (socket) => {
 *   await socket.join('board', { since: sinceOf(socket.scope).get('board'), forward: true })
 *   for await (const message of socket) console.log(message)
 * })
 */
export function sinceOf(
  scope: Pick<HttpScope | WebSocketScope, 'queryString' | 'headers'>,
): Positions {
  const lastId = scope.headers.find(([name]) => name === 'last-event-id')?.[1]
  return readPositions(lastId || new URLSearchParams(scope.queryString).get('since') || '')
}

/** The text for {@link sinceOf}; empty without positions. */
export function positionsToText(positions: Positions): string {
  const query = new URLSearchParams()
  for (const [group, { epoch, offset }] of positions) query.append(group, `${epoch}.${offset}`)
  return query.toString()
}

function readPositions(text: string): Positions {
  const positions = new Map<string, Position>()
  for (const [group, value] of new URLSearchParams(text)) {
    const [, epoch, offset] = PLACE.exec(value) ?? []
    if (epoch !== undefined) positions.set(group, { epoch, offset: Number(offset) })
  }
  return positions
}

// Fifteen digits are a safe integer.
const PLACE = /^([0-9a-zA-Z-]{1,64})\.(\d{1,15})$/
