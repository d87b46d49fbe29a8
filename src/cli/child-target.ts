// A child process that takes connections, in the eyes of its parent.

import { Fifo } from '../waiting/fifo.ts'
import { GIVEN, STOPPED } from './connection-messages.ts'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import type { ConnectionTarget } from './connection-balancer.ts'

/** A connection, and the function that takes it back. */
type Given = readonly [socket: Socket, onLost: (socket: Socket) => void]

/** Sends connections over the IPC channel of a child process, in order with all other messages. */
export class ChildTarget implements ConnectionTarget {
  readonly #child: ChildProcess
  // Node sends one connection at a time, waits for the answer of the child, and gives no message back.
  readonly #waiting = new Fifo<Given>()
  readonly #unsent = new Map<Socket, Given>()
  #isOpen = true
  #isPrompt = true

  constructor(child: ChildProcess) {
    this.#child = child
    // Node forgets the messages that wait for a channel which closes.
    child.once('disconnect', () => this.#giveBack())
    child.once('exit', () => this.#giveBack())
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get waiting(): number {
    return this.#waiting.length + this.#unsent.size
  }

  get isPrompt(): boolean {
    return this.#isPrompt
  }

  /** The child does not answer, or answers again. The connections that wait for a child which does not answer go elsewhere. */
  set isPrompt(isPrompt: boolean) {
    const isNew = this.#isPrompt !== isPrompt
    this.#isPrompt = isPrompt
    if (isNew && !isPrompt) this.#giveWaitingBack()
  }

  take(socket: Socket, onLost: (socket: Socket) => void): void {
    this.#waiting.push([socket, onLost])
    if (this.#unsent.size === 0) this.#sendNext()
  }

  /** The child has got its last connection. It is told after the connections that wait. */
  stop(): void {
    while (this.#sendNext());
    if (this.#child.connected) this.#child.send(STOPPED, () => undefined)
  }

  #sendNext(): boolean {
    const given = this.#waiting.shift()
    if (!given) return false
    const [socket, onLost] = given
    this.#unsent.set(socket, given)
    // Without `keepOpen`, Node leaves the connection open for ever if the child ends before it answers.
    this.#child.send(GIVEN, socket, { keepOpen: true }, (error) => {
      if (!this.#unsent.delete(socket)) return
      if (error) onLost(socket)
      else socket.destroy()
      if (this.#unsent.size === 0) this.#sendNext()
    })
    return true
  }

  #giveBack(): void {
    this.#isOpen = false
    const unsent = [...this.#unsent.values()]
    this.#unsent.clear()
    for (const [socket, onLost] of unsent) onLost(socket)
    this.#giveWaitingBack()
  }

  #giveWaitingBack(): void {
    for (let count = this.#waiting.length; count > 0; count -= 1) {
      const [socket, onLost] = this.#waiting.shift() as Given
      onLost(socket)
    }
  }
}
