// The book of sales: one JSON line for each sale, appended by the thread or process that sells. The order of the lines
// decides the seats, so that sellers share only the file.

import { randomUUID } from 'node:crypto'
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findPerformance } from './programme.ts'

interface Sale {
  readonly id: string
  readonly name: string
  /** The id of a performance in the programme. */
  readonly performance: string
}

/** A sale that got a seat. */
export interface Ticket extends Sale {
  /** Counted from 1, over all performances. */
  readonly number: number
  /** Counted from 1, within the performance. */
  readonly seat: number
}

/** One file of sales, read incrementally: a call costs a stat and the bytes that are new. */
export class Ledger {
  readonly #path: string
  #offset = 0
  #tickets: Ticket[] = []
  #taken = new Map<string, number>()

  constructor(path: string) {
    this.#path = path
  }

  /** Sells one seat of a performance of the programme; undefined when the house is full. */
  sell(name: string, performance: string): Ticket | undefined {
    this.read()
    if (this.seatsLeft(performance) === 0) return undefined

    const sale: Sale = { id: randomUUID(), name, performance }
    // The leading line feed ends a line that a crashed seller may have written in part.
    appendFileSync(this.#path, `\n${JSON.stringify(sale)}\n`)
    return this.read().findLast((ticket) => ticket.id === sale.id)
  }

  /** All tickets in the order of their numbers. */
  read(): readonly Ticket[] {
    const bytes = this.#readOn()
    const end = bytes.lastIndexOf('\n') + 1
    this.#offset += end
    for (const line of bytes.toString('utf8', 0, end).split('\n')) this.#enter(parseSale(line))
    return this.#tickets
  }

  /** As of the last `read()`. */
  seatsLeft(performance: string): number {
    const seats = findPerformance(performance)?.seats ?? 0
    return seats - (this.#taken.get(performance) ?? 0)
  }

  #readOn(): Buffer {
    // At each call: systems sweep their temporary folders while programs run.
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    const file = openSync(this.#path, 'a+', 0o600)
    try {
      const { size } = fstatSync(file)
      if (size < this.#offset) this.#startOver()
      const bytes = Buffer.alloc(size - this.#offset)
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, this.#offset))
    } finally {
      closeSync(file)
    }
  }

  #startOver(): void {
    this.#offset = 0
    this.#tickets = []
    this.#taken.clear()
  }

  #enter(sale: Sale | undefined): void {
    if (sale === undefined || this.seatsLeft(sale.performance) === 0) return
    const seat = (this.#taken.get(sale.performance) ?? 0) + 1
    this.#taken.set(sale.performance, seat)
    this.#tickets.push({ ...sale, number: this.#tickets.length + 1, seat })
  }
}

function parseSale(line: string): Sale | undefined {
  try {
    const { id, name, performance } = JSON.parse(line) as Record<keyof Sale, unknown>
    const valid =
      typeof id === 'string' && typeof name === 'string' && typeof performance === 'string'
    return valid ? { id, name, performance } : undefined
  } catch {
    return undefined
  }
}

const folder = process.env['TICKET_DESK_DATA'] ?? join(tmpdir(), 'isthmus-ticket-desk')

/** The ledger of this desk; its folder is `TICKET_DESK_DATA`, else one in the system's temporary folder. */
export const ledger: Ledger = new Ledger(join(folder, 'tickets.jsonl'))
