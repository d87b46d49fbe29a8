// Waiting for an app that may never answer, while its client may leave.

import { ClientDisconnectedError } from '../errors.ts'
import type { ExchangeContext } from '../contract/events.ts'

/** Ends a wait when the client disconnects. One wait at a time. */
export class ClientGuard {
  interrupted = false
  #reject: ((error: Error) => void) | undefined

  constructor(connection: ExchangeContext | undefined) {
    connection?.onDisconnect(() => {
      this.interrupted = true
      this.#reject?.(new ClientDisconnectedError())
    })
  }

  /** Settles as `work` does; rejects with {@link ClientDisconnectedError} as soon as the client is gone. */
  guard<Value>(work: PromiseLike<Value> | Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      Promise.resolve(work).then(resolve, reject)
      if (this.interrupted) reject(new ClientDisconnectedError())
    })
  }
}
