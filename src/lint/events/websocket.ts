// The rules of lint for a WebSocket: the legal order, which WebSocketExchange checks, and stricter rules for denials.

import { NO_IDENTITY } from '../../async/framing.ts'
import { WebSocketExchange } from '../../async/websocket-exchange.ts'
import { asEventBreach, breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import { checkStrictBody, checkStrictHeaders, checkStrictStatus } from './http.ts'
import type { ReceiveEvent, SendEvent, WebSocketScope } from '../../contract/events.ts'

/** The events of one WebSocket, both directions. */
export class WebSocketTrial {
  readonly #scope: WebSocketScope
  readonly #exchange: WebSocketExchange
  #connected = false
  #gone = false
  /** The status of a denial. */
  #status: number | undefined

  constructor(scope: WebSocketScope) {
    this.#scope = scope
    this.#exchange = new WebSocketExchange(scope, NO_IDENTITY)
  }

  /** Whether the app has received `websocket.disconnect`. */
  get gone(): boolean {
    return this.#gone
  }

  /**
   * The events that the app still has to send before it returns; undefined for none. An open socket needs none, because
   * the server closes it.
   */
  get owed(): string | undefined {
    switch (this.#exchange.state) {
      case 'connecting':
        return 'websocket.accept, websocket.close or a denial response'
      case 'denying':
        return 'the last websocket.http.response.body (moreBody false)'
      default:
        return undefined
    }
  }

  received(event: ReceiveEvent): void {
    if (!this.#connected) {
      if (event.type !== 'websocket.connect')
        throw unexpected(event.type, 'websocket.connect first')
      this.#connected = true
      return
    }
    if (event.type === 'websocket.disconnect') return this.#disconnected(event.code, event.reason)
    if (event.type !== 'websocket.receive') {
      throw unexpected(event.type, 'websocket.receive or websocket.disconnect')
    }
    if (this.#gone)
      throw unexpected(event.type, 'websocket.disconnect for ever after the first one')
    if (this.#exchange.state === 'connecting') {
      throw unexpected(event.type, 'no message before websocket.accept')
    }
    checkPayload(event.bytes ?? null, event.text ?? null)
  }

  sent(event: SendEvent): void {
    const denies = event.type.startsWith('websocket.http.response.')
    if (denies && !Object.hasOwn(this.#scope.extensions, 'websocket.http.response')) {
      throw breach(
        'app',
        'the use of extensions',
        'websocket.http.response is not in scope.extensions',
        'look there first, and send websocket.close if it is missing',
      )
    }
    if ('headers' in event) checkStrictHeaders(event.headers ?? [])
    if (event.type === 'websocket.http.response.body') checkStrictBody(this.#status, event)
    asEventBreach(() => this.#exchange.accept(event))
    if (event.type !== 'websocket.http.response.start') return
    checkStrictStatus(event)
    this.#status = event.status
  }

  #disconnected(code: unknown, reason: unknown): void {
    this.#gone = true
    if (Number.isInteger(code) && typeof reason === 'string') return
    throw breach(
      'server',
      'the shape of events',
      `websocket.disconnect has the code ${nameOf(code)} and the reason ${nameOf(reason)}`,
      'send an integer and a string',
    )
  }
}

function checkPayload(bytes: unknown, text: unknown): void {
  const isBytes = bytes instanceof Uint8Array && text === null
  const isText = bytes === null && typeof text === 'string'
  if (isBytes || isText) return
  throw breach(
    'server',
    'the shape of events',
    `websocket.receive has the bytes ${nameOf(bytes)} and the text ${nameOf(text)}`,
    'send exactly one of a Uint8Array and a string',
  )
}

function unexpected(type: string, expected: string): Error {
  return breach('server', 'the order of events', `${nameOf(type)} came`, `expected ${expected}`)
}
