// One call of an event app under lint: checks each event as it passes, and the app's end when it returns.

import { ServerExchangeContext } from '../../async/exchange-context.ts'
import { makeReceive } from '../../async/receive.ts'
import { LintError } from '../../errors.ts'
import { breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import { checkEvent } from './event-shape.ts'
import { checkUnchanged, copyScope } from './scope.ts'
import { trialOf } from './trial.ts'
import type { Receive, ReceiveEvent, Scope, Send, SendEvent } from '../../contract/events.ts'
import type { Trial } from './trial.ts'

/** The number of receive() calls that an app may make after the disconnect. More calls mean an endless loop. */
const MOST_CALLS_AFTER_END = 100

/** One call of an app under lint. It reports the first breach only, because further ones may be consequences. */
export class LintedCall {
  readonly #scope: Scope
  readonly #before: Scope
  readonly #trial: Trial
  #breach: LintError | undefined
  #pendingSends = 0
  #callsAfterEnd = 0
  #pendingReceive: Promise<ReceiveEvent> | undefined
  #sendRefused = false
  #ended = false

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
      this.#ended = true
    }
  }

  receiveFrom(receive: Receive): Receive {
    return makeReceive((...extra: unknown[]) => {
      if (extra.length > 0)
        return this.#refuse('receive()', extra.length, 'call it without arguments')
      this.#pendingReceive ??= this.#receive(receive).finally(() => {
        this.#pendingReceive = undefined
      })
      this.#pendingReceive.catch(ignore)
      return this.#pendingReceive
    })
  }

  sendTo(send: Send): Send {
    return (event, ...extra: unknown[]) => {
      const sent =
        extra.length > 0
          ? this.#refuse('send()', 1 + extra.length, 'pass one event')
          : this.#send(send, event)
      // The end of the call reports the breach, so the rejection of a send that the app does not await is no crash.
      if (!this.#ended) sent.catch(ignore)
      return sent
    }
  }

  /** @throws {@link LintError} `ISTHMUS_LINT` for the first breach; an event that the app did not send is one too */
  returned(result: unknown): void {
    if (this.#breach !== undefined) throw this.#breach
    if (result !== undefined) {
      throw breach('app', 'the return value', `it returned ${nameOf(result)}`, 'return nothing')
    }
    checkUnchanged(this.#before, this.#scope)
    if (this.#knowsEnd()) return

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
    this.#check(() => this.#checkLoop())
    const event = await receive()
    this.#check(() => {
      checkEvent('server', event)
      this.#trial.received(event)
    })
    return event
  }

  async #send(send: Send, event: SendEvent): Promise<void> {
    this.#check(() => {
      this.#checkMoment()
      checkEvent('app', event)
      this.#trial.sent(event)
    })
    this.#pendingSends++
    try {
      await send(event)
    } catch (error) {
      if (isDisconnect(error)) this.#sendRefused = true
      throw error
    } finally {
      this.#pendingSends--
    }
  }

  async #refuse(name: string, count: number, remedy: string): Promise<never> {
    this.#breach ??= breach('app', 'the call', `${name} was called with ${count} arguments`, remedy)
    throw this.#breach
  }

  #check(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (error instanceof LintError) this.#breach ??= error
      throw error
    }
  }

  #checkMoment(): void {
    if (!this.#ended) return
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

  /** Whether the app knows, by an event, a refused send or its signal, that the client is gone. */
  #knowsEnd(): boolean {
    if (this.#trial.gone || this.#sendRefused) return true
    const context = this.#scope.type === 'lifespan' ? undefined : this.#scope['isthmus.exchange']
    // A read of `signal` marks the context as watched, so this code reads it only after the app has read it.
    return context instanceof ServerExchangeContext && context.watched && context.signal.aborted
  }
}

function ignore(): void {}

function isDisconnect(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ECONNRESET'
}
