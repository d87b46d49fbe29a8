// Chooses the rules for the events of a scope, by the type of the scope.

import { breach } from '../breach.ts'
import { nameOf } from '../../name-of.ts'
import { HttpTrial } from './http.ts'
import { LifespanTrial } from './lifespan.ts'
import { WebSocketTrial } from './websocket.ts'
import type { ReceiveEvent, Scope, SendEvent } from '../../contract/events.ts'

/** Follows the events of one scope. `received()` and `sent()` throw for an illegal event. */
export interface Trial {
  /** Whether the app has received the event that ends the exchange. */
  readonly gone: boolean
  /** The events that the app still has to send before it returns; undefined for none. */
  readonly owed: string | undefined
  received(event: ReceiveEvent): void
  sent(event: SendEvent): void
}

/** Makes the trial for a scope, in the state before the first event. */
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

/** The trial of a scope with an unknown type: the app has to throw for it. */
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
