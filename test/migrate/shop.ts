// A shop for the tests of migrate(): an old implementation and a new one with five planted differences, both with three noisy fields.

import { UnsupportedScopeError } from '../../src/errors.ts'
import { seeded } from './apps.ts'
import type { EventApp, HeaderPairs } from '../../src/contract/events.ts'

/** The differences that the new shop has on purpose. */
export const PLANTED: readonly string[] = [
  'GET /orders/#: status',
  'GET /orders/#: header cache-control',
  'GET /orders/#: body /total',
  'GET /orders/#: body /tags/#',
  'GET /orders/#: body /note',
].toSorted()

interface Order {
  status: number
  cache: string
  body: Record<string, unknown>
}

/** One of the two shops. `random` makes its noise: a date, an id and the order of a set. */
export function shop(isNew: boolean, random: () => number): EventApp {
  return async (scope, _receive, send) => {
    if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)
    const order = orderOf(Number(scope.path.split('/').at(-1)), random)
    if (isNew) plant(order, Number(scope.path.split('/').at(-1)))
    const headers: HeaderPairs = [
      ['content-type', 'application/json'],
      ['cache-control', order.cache],
      ['set-cookie', `visit=${random()}`],
    ]
    await send({ type: 'http.response.start', status: order.status, headers })
    await send({ type: 'http.response.body', body: JSON.stringify(order.body) })
  }
}

function orderOf(id: number, random: () => number): Order {
  const facts = seeded(id)
  const tags = ['new', 'gift', 'paid', 'late'].filter(() => facts() < 0.6)
  const items = Array.from({ length: 3 }, (_, at) => ({
    sku: `s${at}`,
    price: Math.floor(facts() * 100),
  }))
  return {
    status: 200,
    cache: 'no-store',
    body: {
      id,
      at: new Date(1.7e12 + Math.floor(random() * 3) * 1_000).toISOString(),
      requestId: Math.floor(random() * 2 ** 32).toString(36),
      tags: tags.toSorted(() => random() - 0.5),
      items,
      total: items.reduce((sum, { price }) => sum + price, 0),
      note: 'ring twice',
    },
  }
}

// Each difference concerns a part of the orders.
function plant(order: Order, id: number): void {
  const { body } = order
  if (id % 97 === 1) order.status = 206
  if (id % 89 === 2) order.cache = 'private'
  if (id % 83 === 3) body['total'] = Number(body['total']) + 1
  if (id % 79 === 4) (body['tags'] as string[]).pop()
  if (id % 73 === 5) body['note'] = null
}
