// Requests over the IPC channel between a master and a worker: each one has an answer, or fails in time.

import { isObject } from '../complete-options.ts'

/** The other process: a `ChildProcess`, or `process` in a child. */
export interface Peer {
  readonly connected: boolean
  send?(message: unknown, handle: undefined, options: object, onSent: () => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  once(event: 'disconnect', listener: () => void): unknown
}

/** A message of this file. An answer has the result, or the message of an error. */
type Message =
  | { readonly type: 'isthmus.request'; readonly id: number; readonly request: unknown }
  | {
      readonly type: 'isthmus.answer'
      readonly id: number
      readonly result?: unknown
      readonly error?: string
    }

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** The requests in both directions. They end with the channel. */
export class IpcRequests {
  readonly #peer: Peer
  readonly #name: string
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  /**
   * @param name the other process, for the messages of errors: `the master`
   * @param answer gives the result of a request of the other process
   */
  constructor(peer: Peer, name: string, answer: (request: unknown) => Promise<unknown>) {
    this.#peer = peer
    this.#name = name
    peer.on('message', (given) => {
      if (isMessage(given)) this.#onMessage(given, answer)
    })
    peer.once('disconnect', () => this.#failAll())
  }

  /** Resolves with the result. Rejects if there is none within `deadlineMs`, and with the error of the other process. */
  ask(request: unknown, deadlineMs: number): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      if (!this.#peer.connected) return reject(new Error(`${this.#name} has ended`))
      const late = new Error(`${this.#name} has not answered within ${deadlineMs / 1000} s`)
      const timer = setTimeout(() => this.#settle(id)?.reject(late), deadlineMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#send({ type: 'isthmus.request', id, request })
    })
  }

  #onMessage(message: Message, answer: (request: unknown) => Promise<unknown>): void {
    const { id } = message
    if (message.type === 'isthmus.request') {
      answer(message.request).then(
        (result) => this.#send({ type: 'isthmus.answer', id, result }),
        ({ message: error }: Error) => this.#send({ type: 'isthmus.answer', id, error }),
      )
      return
    }
    const pending = this.#settle(id)
    if (message.error === undefined) pending?.resolve(message.result)
    else pending?.reject(new Error(message.error))
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    clearTimeout(pending?.timer)
    return pending
  }

  #failAll(): void {
    for (const id of this.#pending.keys()) {
      this.#settle(id)?.reject(new Error(`${this.#name} has ended`))
    }
  }

  // A peer that has ended gets nothing: the disconnect tells.
  #send(message: Message): void {
    if (this.#peer.connected) this.#peer.send?.(message, undefined, {}, () => undefined)
  }
}

function isMessage(given: unknown): given is Message {
  if (!isObject(given)) return false
  const type: unknown = Reflect.get(given, 'type')
  return type === 'isthmus.request' || type === 'isthmus.answer'
}
