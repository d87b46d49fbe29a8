// The orders of the shop: one JSON line for each, appended by the process or thread that sells. All steps read the same file.

import { randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The file; its folder is `SHOP_DATA`, else one in the system's temporary folder. */
export const ORDERS = join(
  process.env.SHOP_DATA ?? join(tmpdir(), 'isthmus-migration'),
  'orders.jsonl',
)

mkdirSync(dirname(ORDERS), { recursive: true, mode: 0o700 })
appendFileSync(ORDERS, '', { mode: 0o600 })

/** All orders, the oldest first. It blocks, as most code of its age does. */
export function readOrders() {
  const lines = readFileSync(ORDERS, 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => JSON.parse(line))
}

/** Writes an order, and returns it with its id and its date. */
export function saveOrder(fields) {
  const order = { id: randomUUID(), at: new Date().toISOString(), ...fields }
  appendFileSync(ORDERS, `${JSON.stringify(order)}\n`)
  return order
}
