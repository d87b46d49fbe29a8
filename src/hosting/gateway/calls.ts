// The calls that a request makes from its host to apps on the event loop, on the side of the gateway.

import { runCarrying } from '../../bridge/request-context.ts'
import { calledApp } from './called-apps.ts'
import { GatewayCall } from './call.ts'
import { holding } from './held-slots.ts'
import { NO_EXTENSIONS, scopeOf } from '../protocol/scope-data.ts'
import type { EventApp, HttpScope, WebSocketScope } from '../../contract/events.ts'
import type { HeldSlot } from './scheduler/slots.ts'
import type { CalledApp, CalledMessage, CallMessage, ToHost } from '../protocol/messages.ts'

/** The scope of the request, or of the WebSocket, that makes the calls. */
type CallerScope = Pick<
  HttpScope | WebSocketScope,
  'state' | 'isthmus.exchange' | 'isthmus.channels'
>

/** Opens the calls of one request, passes their messages on, and closes them with the request. */
export class Calls {
  readonly #slot: HeldSlot
  readonly #scope: CallerScope
  readonly #inner: EventApp | undefined
  readonly #post: (message: ToHost) => void
  readonly #open = new Map<number, GatewayCall>()

  constructor(
    slot: HeldSlot,
    scope: CallerScope,
    inner: EventApp | undefined,
    post: (message: ToHost) => void,
  ) {
    this.#slot = slot
    this.#scope = scope
    this.#inner = inner
    this.#post = post
  }

  take({ app, message }: CallMessage): void {
    if (message.type === 'request') this.#begin(app, message)
    else this.#open.get(message.id)?.take(message)
  }

  /** The request is over: the called apps stop. */
  close(error: Error): void {
    for (const call of this.#open.values()) call.close(error)
  }

  #begin(app: CalledApp, message: CalledMessage): void {
    const id = this.#slot.requestId
    const call = new GatewayCall(message, (answer) => {
      if (answer.type === 'done') this.#open.delete(message.id)
      this.#post({ type: 'answer', id, message: answer })
    })
    this.#open.set(message.id, call)

    const { state, 'isthmus.exchange': context, 'isthmus.channels': channels } = this.#scope
    const scope = scopeOf(message.scope, {
      state: { ...state },
      extensions: NO_EXTENSIONS,
      context,
      channels,
    })
    const caller = { inner: this.#inner, pool: this.#slot.pool, log: context?.log, channels }
    const run = (): Promise<void> => call.run(calledApp(app, caller), scope)
    holding(this.#slot, () => runCarrying(message.carried, run)).catch(() => undefined)
  }
}
