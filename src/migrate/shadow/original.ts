// A request of a client to the old app, recorded as it passes by: for a copy later.

import { makeReceive } from '../../async/receive.ts'
import { hasBody } from '../../http/content.ts'
import { getHeader } from '../../http/headers.ts'
import { KeptBytes } from './kept-bytes.ts'
import { Recording } from './recording.ts'
import type {
  ExchangeContext,
  HttpScope,
  Receive,
  ReceiveEvent,
  ResponseEnd,
  Send,
} from '../../contract/events.ts'
import type { Answer } from '../compare/answer.ts'
import type { ShadowSettings } from '../settings.ts'
import type { BodySpace } from './kept-bytes.ts'

/** An HTTP scope of isthmus. */
export type ServedScope = HttpScope & { 'isthmus.exchange': ExchangeContext }

/** One recorded request, with its answer. Its owner calls {@link clear} in the end. */
export class Original {
  /** As the client sent it: the app may change its own scope. */
  readonly scope: ServedScope
  readonly settings: ShadowSettings
  readonly #recording: Recording
  readonly #body: KeptBytes
  #isRead: boolean

  constructor(scope: ServedScope, settings: ShadowSettings, space: BodySpace) {
    this.scope = { ...scope, headers: scope.headers.slice() }
    this.settings = settings
    const bounds = { space, maxBytes: settings.maxBodyBytes }
    this.#recording = new Recording(scope.method, bounds)
    this.#body = new KeptBytes(space, settings.maxBodyBytes)
    this.#isRead = !hasBody(scope)
  }

  /** `receive` for the old app. */
  receive(receive: Receive): Receive {
    if (this.#isRead) return receive
    let last: Promise<ReceiveEvent> | undefined
    return makeReceive(() => {
      const next = receive()
      if (next !== last) next.then((event) => this.#takeBody(event), ignore)
      last = next
      return next
    })
  }

  /** `send` for the old app. */
  send(send: Send): Send {
    return (event) => {
      this.#recording.take(event)
      if (this.#recording.fault !== null) this.#recording.clear()
      return send(event)
    }
  }

  /** The reason why there is no copy; null if there is one. */
  reasonAgainst({ outcome, status, error }: ResponseEnd): string | null {
    if (outcome === 'disconnected') return 'client-left'
    const isSent = outcome === 'complete' && status === this.#recording.status
    if (!isSent || error !== undefined) return 'from-failed'
    if (this.#body.fault !== null) return reasonOf('request', this.#body.fault)
    if (!this.#isRead) return 'request-unread'
    if (this.#recording.isStream) return 'event-stream'
    const { fault } = this.#recording
    return fault === null ? null : reasonOf('response', fault)
  }

  /** The body of the request. */
  get body(): Uint8Array {
    return this.#body.joined()
  }

  /** The answer of the old app; null if it is a file that is too long. */
  answer(): Promise<Answer | null> {
    return this.#recording.answer()
  }

  clear(): void {
    this.#recording.clear()
    this.#body.clear()
  }

  #takeBody(event: ReceiveEvent): void {
    if (event.type !== 'http.request') return
    this.#body.add(event.body)
    if (this.#body.fault !== null) this.#body.clear()
    if (!event.moreBody) this.#isRead = true
  }
}

/** Whether the head of a request announces a body above the bound. */
export function isTooLong({ headers }: HttpScope, { maxBodyBytes }: ShadowSettings): boolean {
  return Number(getHeader(headers, 'content-length') ?? 0) > maxBodyBytes
}

function reasonOf(message: 'request' | 'response', fault: 'too-large' | 'memory'): string {
  return fault === 'memory' ? fault : `${message}-${fault}`
}

function ignore(): void {}
