// A child process that takes connections, in the eyes of its parent.

import { GIVEN } from './connection-messages.ts'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Taker } from './connection-door.ts'

/** Sends connections over the IPC channel of a child process, in order with all other messages. */
export class ChildTaker implements Taker {
  isPrompt = true
  readonly #child: ChildProcess
  /** The connections that are not sent yet, by the functions that take them back. */
  readonly #unsent = new Map<Socket, (socket: Socket) => void>()

  constructor(child: ChildProcess) {
    this.#child = child
    // Node forgets the messages that wait for a channel which closes.
    child.once('disconnect', () => this.#giveBack())
    child.once('exit', () => this.#giveBack())
  }

  take(socket: Socket, onLost: (socket: Socket) => void): void {
    this.#unsent.set(socket, onLost)
    this.#child.send(GIVEN, socket, {}, (error) => {
      if (!this.#unsent.delete(socket) || !error) return
      onLost(socket)
    })
  }

  #giveBack(): void {
    const unsent = [...this.#unsent]
    this.#unsent.clear()
    for (const [socket, onLost] of unsent) onLost(socket)
  }
}
