// One WebSocket on its way to a target: the handshake with its attempts, then messages and the close in both directions.

import { ClientDisconnectedError } from '../../errors.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import { isClosed, upstreamError } from './failure.ts'
import { afterFailure } from './retry.ts'
import { handshake } from './websocket-handshake.ts'
import { relayDenial } from './websocket-denial.ts'
import { TargetFault, WebSocketRelay } from './websocket-relay.ts'
import type { RemoteSettings } from './settings.ts'
import type { TargetGroup } from './target-group.ts'
import type { Target } from './target.ts'
import type { HandshakeResult } from './websocket-handshake.ts'
import type { ForwardedSocket } from './websocket-relay.ts'

/** Forwards one WebSocket. It closes the connection to the target in every case. */
export class WebSocketForward {
  readonly #exchange: ForwardedSocket
  readonly #group: TargetGroup
  readonly #settings: RemoteSettings
  readonly #leaving = new AbortController()
  readonly #startedAt = performance.now()
  readonly #tried: Target[] = []

  constructor(exchange: ForwardedSocket, group: TargetGroup, settings: RemoteSettings) {
    this.#exchange = exchange
    this.#group = group
    this.#settings = settings
  }

  /** Resolves when both sides are closed; rejects with the error to answer. */
  async run(): Promise<void> {
    const { scope, receive } = this.#exchange
    await receive()
    scope['isthmus.exchange']?.onDisconnect(() =>
      this.#leaving.abort(new ClientDisconnectedError()),
    )
    for (;;) {
      const target = this.#group.targetFor({ scope, tried: this.#tried })
      const result = await this.#attempt(target)
      if (result) return this.#relay(target, result)
      this.#tried.push(target)
    }
  }

  // Resolves with undefined if another target may try it.
  async #attempt(target: Target): Promise<HandshakeResult | undefined> {
    const startedAt = performance.now()
    target.begins()
    try {
      const { signal } = this.#leaving
      const result = await handshake(target.address, this.#exchange.scope, this.#settings, signal)
      target.answered(performance.now() - startedAt)
      return result
    } catch (error) {
      this.#failed(target, error as Error & { wasSent?: boolean })
      return undefined
    }
  }

  #failed(target: Target, error: Error & { wasSent?: boolean }): void {
    if (this.#leaving.signal.aborted) {
      target.completes()
      throw new ClientDisconnectedError()
    }
    const wasSent = error.wasSent ?? false
    const attempts = this.#tried.length + 1
    const stage = wasSent ? 'waiting' : 'connecting'
    const judged = upstreamError(error, { target: target.name, stage, attempts })
    target.fails(judged)
    const timeLeftMs = this.#startedAt + this.#settings.headTimeoutMs - performance.now()
    const step = afterFailure(
      {
        method: 'GET',
        wasSent,
        wasAnswered: wasSent && !isClosed(error),
        wasStale: false,
        canReplay: true,
        attempts,
        timeLeftMs,
      },
      this.#settings,
    )
    if (step === 'answer') throw judged
    target.retries()
    const log = this.#exchange.scope['isthmus.exchange']?.log ?? SILENT_LOG
    const { path } = this.#exchange.scope
    log.warn({ path }, `${judged.message}; the WebSocket goes to another target`)
  }

  async #relay(target: Target, result: HandshakeResult): Promise<void> {
    const { signal } = this.#leaving
    try {
      if (result.type === 'denied') await relayDenial(result.response, this.#exchange, signal)
      else await new WebSocketRelay(result, this.#exchange, signal).run()
      target.completes()
    } catch (error) {
      target.breaksOff()
      if (!(error instanceof TargetFault)) throw error
      throw upstreamError(error.cause, { target: target.name, stage: 'answering', attempts: 1 })
    }
  }
}
