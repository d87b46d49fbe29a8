// Connections that were accepted and are not read yet.

import type { Socket } from 'node:net'

// When connections arrive without a pause, the first ones wait no longer than this.
const MAX_HELD_MS = 250

/**
 * Holds new connections until no further one arrives. libuv accepts one connection in a turn of the event loop, so each
 * connection that is served makes all later ones wait longer: of a thousand that arrive at once, the last one would wait
 * for seconds. A connection that arrives alone is admitted one turn later.
 */
export class AcceptGate {
  readonly #admit: (socket: Socket) => void
  #held: Socket[] = []
  #since = 0

  /** @param admit gets each socket, in the order of arrival */
  constructor(admit: (socket: Socket) => void) {
    this.#admit = admit
  }

  add(socket: Socket): void {
    this.#held.push(socket)
    if (this.#held.length > 1) return
    this.#since = performance.now()
    this.#lookAgain(0)
  }

  /** Admits all connections now. */
  admitAll(): void {
    const held = this.#held
    this.#held = []
    for (const socket of held) this.#admit(socket)
  }

  // In a later turn: an immediate of this turn would see no new connection.
  #lookAgain(before: number): void {
    setImmediate(() => {
      const { length } = this.#held
      const isOver = length === before || performance.now() - this.#since >= MAX_HELD_MS
      if (isOver) this.admitAll()
      else this.#lookAgain(length)
    })
  }
}
