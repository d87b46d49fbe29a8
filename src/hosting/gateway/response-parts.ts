// The parts of a response on their way from the host to the server.

import { rejected } from '../../waiting/deferred.ts'
import { fromErrorData } from '../protocol/error-data.ts'
import type { Send } from '../../contract/events.ts'
import type { FailureMessage, PartMessage, ToHost } from '../protocol/messages.ts'

/** The request that a response answers. */
interface ResponseOwner {
  readonly id: number
  post(message: ToHost): void
  /** The response was sent whole. */
  complete(): void
  /** The host has reported its failure. */
  fail(error: Error): void
  /** Gives the request up; the host does not know yet. */
  cancel(error: Error): void
}

/** Sends one part at a time. The host gets credit for a part when the client has taken it. */
export class ResponseParts {
  readonly #owner: ResponseOwner
  readonly #send: Send
  #isSending = false
  // Most responses have one part and never wait.
  #waiting: Array<PartMessage | FailureMessage> | undefined

  constructor(owner: ResponseOwner, send: Send) {
    this.#owner = owner
    this.#send = send
  }

  take(part: PartMessage | FailureMessage): void {
    if (this.#isSending) (this.#waiting ??= []).push(part)
    else this.#pass(part)
  }

  /** Drops the parts that wait. */
  drop(): void {
    this.#waiting = undefined
  }

  // No async functions: each would add a promise to a response that has few.
  #pass(part: PartMessage | FailureMessage): void {
    this.#isSending = true
    if (part.type === 'failure') return this.#owner.fail(fromErrorData(part.error))
    this.#sendPart(part).then(
      () => this.#passed(part),
      (error: Error) => this.#owner.cancel(error),
    )
  }

  #sendPart({ head, chunk, end }: PartMessage): Promise<void> {
    try {
      // If the server refuses the start, it refuses the body too: one of the two errors is enough.
      if (head) {
        const { status, headers } = head
        this.#send({ type: 'http.response.start', status, headers }).catch(ignore)
      }
      return Promise.resolve(
        this.#send({ type: 'http.response.body', body: chunk ?? '', moreBody: !end }),
      )
    } catch (error) {
      return rejected(error)
    }
  }

  #passed({ chunk, end }: PartMessage): void {
    const owner = this.#owner
    if (end) owner.complete()
    else if (chunk !== null) owner.post({ type: 'credit', id: owner.id, bytes: chunk.length })
    this.#isSending = false
    const next = this.#waiting?.shift()
    if (next) this.#pass(next)
  }
}

function ignore(): void {}
