// Which rules the events of a scope are held to: one trial for each type of scope.

import { HttpTrial } from './http.ts'
import { LifespanTrial } from './lifespan.ts'
import { WebSocketTrial } from './websocket.ts'
import { breach, nameOf } from './breach.ts'
import type { ReceiveEvent, Scope, SendEvent } from '../../contract/events.ts'

/** The events of one scope: throws for the first that is illegal. */
export interface Trial {
  /** The app was told that nobody listens any more. */
  readonly gone: boolean
  /** What a returning app still owes; undefined when nothing. */
  readonly owed: string | undefined
  received(event: ReceiveEvent): void
  sent(event: SendEvent): void
}

/** The trial for a scope, in the state before the first event. */
export function trialOf(scope: Scope): Trial {
  switch (scope.type) {
    case 'http':
      return new HttpTrial(scope)
    case 'websocket':
      return new WebSocketTrial(scope)
    case 'lifespan':
      return new LifespanTrial()
    default:
      return new RefusalTrial((scope as { type: string }).type)
  }
}

/** A scope that nobody knows: an app has to throw for it, and returning is the breach. */
class RefusalTrial implements Trial {
  readonly gone = false
  readonly owed: string

  constructor(type: string) {
    this.owed = `a refusal: scopes of type ${nameOf(type)} are unknown, so throw UnsupportedScopeError`
  }

  received(): void {}

  sent(event: SendEvent): void {
    throw breach(
      'app',
      'unknown scopes',
      `it sent ${nameOf(event.type)}`,
      'throw UnsupportedScopeError',
    )
  }
}
