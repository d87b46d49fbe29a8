// The orders of the shop as they come: a page, and the WebSocket that feeds it.

import { readFile } from 'node:fs/promises'
import { iterable, websocket } from 'isthmus'
import { endOfOrders, followOrders } from '../orders/store.ts'
import type { EventApp, IterableApp } from 'isthmus'

/** Sends each order that comes after the handshake, as JSON. */
export const live: EventApp = websocket(async (socket) => {
  const end = await endOfOrders()
  await socket.accept()
  const orders = followOrders(end, socket.signal)
  for await (const order of orders) await socket.send(JSON.stringify(order))
})

/** The page of the board. */
export const board: IterableApp = iterable(async function* (_environ, startResponse) {
  const page = await readFile(new URL('board.html', import.meta.url))
  startResponse('200 OK', [['Content-Type', 'text/html; charset=utf-8']])
  yield page
})
