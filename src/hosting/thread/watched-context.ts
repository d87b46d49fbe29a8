// The server's side of a WebSocket in a thread: the gateway learns whether the app has taken the signal.

import { ServerExchangeContext } from '../../async/exchange-context.ts'
import { hostingOf } from './exchange-context.ts'
import type { Log } from '../../contract/log.ts'
import type { OpenMessage } from '../protocol/messages.ts'
import type { EventLink } from './event-link.ts'

/** A context that reports the first use of its signal. */
export class WatchedContext extends ServerExchangeContext {
  readonly #id: number
  readonly #link: EventLink

  constructor({ id, environ }: OpenMessage, log: Log, link: EventLink) {
    super(log, hostingOf(environ))
    this.#id = id
    this.#link = link
  }

  override get signal(): AbortSignal {
    if (!this.watched) this.#link.post({ type: 'watch', id: this.#id })
    return super.signal
  }
}
