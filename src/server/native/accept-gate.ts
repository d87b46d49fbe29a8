// Connections that were accepted and are not read yet.

import type { Socket } from 'node:net'

// Under a stream of arrivals that does not end, those who came first are not to wait for it.
const MAX_HELD_MS = 250

/**
 * Holds arrivals back until nobody else is at the door. libuv accepts one connection in a turn of the event loop, so each
 * one that is served makes all who come behind it wait longer: of a thousand that came at once the last would wait for
 * seconds. One that comes alone is let in a turn later.
 */
export class Arrivals {
  readonly #admit: (socket: Socket) => void
  #waiting: Socket[] = []
  #since = 0

  constructor(admit: (socket: Socket) => void) {
    this.#admit = admit
  }

  add(socket: Socket): void {
    this.#waiting.push(socket)
    if (this.#waiting.length > 1) return
    this.#since = performance.now()
    this.#lookAgain(0)
  }

  /** Lets everybody in. */
  admitAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const socket of waiting) this.#admit(socket)
  }

  // Behind every turn, as an immediate of this turn would see nobody new.
  #lookAgain(before: number): void {
    setImmediate(() => {
      const { length } = this.#waiting
      const isOver = length === before || performance.now() - this.#since >= MAX_HELD_MS
      if (isOver) this.admitAll()
      else this.#lookAgain(length)
    })
  }
}
