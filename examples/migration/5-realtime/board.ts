// The orders of the shop as they come: a page, and the WebSocket that feeds it.

import { readFile } from 'node:fs/promises'
import { iterable, websocket } from 'isthmus'
import { followOrders } from '../orders/store.ts'
import type { EventApp, IterableApp } from 'isthmus'

/** Sends each new order as JSON. */
export const live: EventApp = websocket(async (socket) => {
  await socket.accept()
  for await (const order of followOrders(socket.signal)) await socket.send(JSON.stringify(order))
})

/** The page of the board. */
export const board: IterableApp = iterable(async function* (_environ, startResponse) {
  const page = await readFile(new URL('board.html', import.meta.url))
  startResponse('200 OK', [['Content-Type', 'text/html; charset=utf-8']])
  yield page
})
