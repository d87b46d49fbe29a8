// A wait for an app that may never answer, while its client may leave.

import { ClientDisconnectedError } from '../../errors.ts'
import type { ExchangeContext } from '../../contract/events.ts'

/** Ends the wait for an app when its client disconnects. One wait at a time. */
export class ClientGuard {
  /** The client has left. */
  clientGone = false
  #reject: ((error: Error) => void) | undefined

  constructor(exchange: ExchangeContext | undefined) {
    exchange?.onDisconnect(() => {
      this.clientGone = true
      this.#reject?.(new ClientDisconnectedError())
    })
  }

  /** Settles as `work` does, or rejects with {@link ClientDisconnectedError} (`ECONNRESET`) once the client is gone. */
  wait<Value>(work: PromiseLike<Value> | Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      Promise.resolve(work).then(resolve, reject)
      if (this.clientGone) reject(new ClientDisconnectedError())
    })
  }
}
