// One call of an app under lint: what passes is checked on its way, and the end is checked at the end.

import { ServerExchangeContext } from '../../async/exchange-context.ts'
import { LintError } from '../../errors.ts'
import { breach, checkEvent, nameOf } from './breach.ts'
import { checkUnchanged, copyScope } from './unchanged.ts'
import { makeReceive } from '../../async/receive.ts'
import { trialOf } from './trial.ts'
import type { Receive, ReceiveEvent, Scope, Send, SendEvent } from '../../contract/events.ts'
import type { Trial } from './trial.ts'

/** As often as this may an app ask again after the disconnect; beyond it is a loop that nothing ends. */
const MOST_CALLS_AFTER_END = 100

/** One call of an app under lint. The first breach is kept: whatever follows is its consequence. */
export class LintedCall {
  readonly #scope: Scope
  readonly #before: Scope
  readonly #trial: Trial
  #breach: LintError | undefined
  #pendingSends = 0
  #callsAfterEnd = 0
  #pendingReceive: Promise<ReceiveEvent> | undefined
  #refused = false
  #over = false

  constructor(scope: Scope) {
    this.#scope = scope
    this.#before = copyScope(scope)
    this.#trial = trialOf(scope)
  }

  async guard(run: () => Promise<unknown>): Promise<unknown> {
    try {
      return await run()
    } catch (error) {
      throw this.#breach ?? error
    } finally {
      this.#over = true
    }
  }

  receiveFrom(receive: Receive): Receive {
    return makeReceive(() => {
      this.#pendingReceive ??= this.#receive(receive).finally(() => {
        this.#pendingReceive = undefined
      })
      this.#pendingReceive.catch(ignore)
      return this.#pendingReceive
    })
  }

  sendTo(send: Send): Send {
    return (event) => {
      const sent = this.#send(send, event)
      // While the app runs, a rejection that it does not await comes back when it ends.
      if (!this.#over) sent.catch(ignore)
      return sent
    }
  }

  /** @throws {@link LintError} `ISTHMUS_LINT` for the first breach, be it that the app owes something */
  returned(result: unknown): void {
    if (this.#breach !== undefined) throw this.#breach
    if (result !== undefined) {
      throw breach('app', 'the return value', `it returned ${nameOf(result)}`, 'return nothing')
    }
    checkUnchanged(this.#before, this.#scope)
    if (this.#left()) return

    if (this.#pendingSends > 0) {
      throw breach(
        'app',
        'awaiting',
        'it returned while a send() was pending',
        'await every send()',
      )
    }
    const { owed } = this.#trial
    if (owed !== undefined) {
      throw breach(
        'app',
        'completeness',
        `it returned without sending ${owed}`,
        'send it, or throw',
      )
    }
  }

  async #receive(receive: Receive): Promise<ReceiveEvent> {
    this.#hold(() => this.#checkLoop())
    const event = await receive()
    this.#hold(() => {
      checkEvent('server', event)
      this.#trial.received(event)
    })
    return event
  }

  async #send(send: Send, event: SendEvent): Promise<void> {
    this.#hold(() => {
      this.#checkMoment()
      checkEvent('app', event)
      this.#trial.sent(event)
    })
    this.#pendingSends++
    try {
      await send(event)
    } catch (error) {
      if (isDisconnect(error)) this.#refused = true
      throw error
    } finally {
      this.#pendingSends--
    }
  }

  #hold(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (error instanceof LintError) this.#breach ??= error
      throw error
    }
  }

  #checkMoment(): void {
    if (!this.#over) return
    throw breach('app', 'awaiting', 'it called send() after it had returned', 'await every send()')
  }

  #checkLoop(): void {
    if (!this.#trial.gone || ++this.#callsAfterEnd <= MOST_CALLS_AFTER_END) return
    throw breach(
      'app',
      'the end of events',
      `it called receive() ${MOST_CALLS_AFTER_END} times after the last event`,
      'leave the loop at the disconnect',
    )
  }

  /** Whether the app knows, by an event, a refused send or its signal, that there is nobody to answer. */
  #left(): boolean {
    if (this.#trial.gone || this.#refused) return true
    const connection = this.#scope.type === 'lifespan' ? undefined : this.#scope['isthmus.exchange']
    // Asking an unwatched connection for its signal would make it watched.
    return (
      connection instanceof ServerExchangeContext && connection.watched && connection.signal.aborted
    )
  }
}

function ignore(): void {}

function isDisconnect(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ECONNRESET'
}
