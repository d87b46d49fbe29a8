// The orders of the shop, read without blocking: the same file that the Express app appends to.

import { open, readFile, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { ORDERS } from '../shop/orders.js'
import type { Order } from '../shop/orders.js'

const POLL_MS = 100

/** All orders, the oldest first. */
export async function readOrders(): Promise<Order[]> {
  return ordersIn(await readFile(ORDERS, 'utf8'))
}

/** The place after the last order. */
export async function endOfOrders(): Promise<number> {
  const { size } = await stat(ORDERS)
  return size
}

/** The orders after a place, as they come, until `signal` is aborted. */
export async function* followOrders(
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Order, void, undefined> {
  let seen = after
  while (!signal.aborted) {
    const end = await endOfOrders()
    const text = end > seen ? await readPart(seen, end) : Buffer.alloc(0)
    // The last line may be there in part only.
    const whole = text.subarray(0, text.lastIndexOf('\n') + 1)
    seen += whole.length
    yield* ordersIn(whole.toString())
    await pause(signal)
  }
}

function ordersIn(text: string): Order[] {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Order)
}

async function readPart(start: number, end: number): Promise<Buffer> {
  await using file = await open(ORDERS, 'r')
  const bytes = Buffer.alloc(end - start)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
  return bytes.subarray(0, bytesRead)
}

// The one reason to reject is that the signal was aborted, which the loop looks at.
async function pause(signal: AbortSignal): Promise<void> {
  await setTimeout(POLL_MS, undefined, { signal }).catch(() => {})
}
