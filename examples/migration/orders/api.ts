// The orders as JSON, rewritten: an async-iterable app that awaits the file.

import { iterable } from 'isthmus'
import { readOrders } from './store.ts'
import type { IterableApp } from 'isthmus'

type Answer = [status: string, body: object]

export const ordersApi: IterableApp = iterable(async (environ, startResponse) => {
  const [status, body] = await answerTo(environ.REQUEST_METHOD, environ.PATH_INFO)
  startResponse(status, [['Content-Type', 'application/json; charset=utf-8']])
  return [JSON.stringify(body)]
})

async function answerTo(method: string, path: string): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') {
    return ['405 Method Not Allowed', { error: 'orders are made at /orders' }]
  }

  const orders = await readOrders()
  const asOf = new Date().toISOString()
  const id = path.slice(1)
  if (id === '') return ['200 OK', { orders: orders.toReversed(), asOf }]

  const order = orders.find((candidate) => candidate.id === id)
  if (order === undefined) return ['404 Not Found', { error: `there is no order ${id}` }]
  return ['200 OK', { ...order, asOf }]
}
