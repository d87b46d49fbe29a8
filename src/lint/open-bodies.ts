// The bodies that an app returned and the server has not closed: counted for a test, and warned of if they are dropped.

import { breach } from './breach.ts'
import type { Parties } from './breach.ts'

const CALL = 'PEP 3333 (The Application/Framework Side)'
const CLOSE = 'PEP 3333 (Specification Details)'
const REMEDY = 'close each in any case'

/** The check that an app under lint adds to itself. A test calls it after its requests. */
export interface CloseCheck {
  /** @throws {@link LintError} (`ISTHMUS_LINT`) if the server has not closed each body that the app returned */
  assertClosed(): void
}

/** The open bodies of one app. */
export class OpenBodies implements CloseCheck {
  readonly #parties: Parties
  #count = 0

  constructor(parties: Parties) {
    this.#parties = parties
  }

  /** Counts `body` as open. */
  add(body: object): void {
    this.#count += 1
    const fact = 'it dropped a body without closing it'
    dropped.register(body, breach(this.#parties.server, CLOSE, fact, REMEDY).message, body)
  }

  /** Counts `body` as closed. */
  delete(body: object): void {
    this.#count -= 1
    dropped.unregister(body)
  }

  assertClosed(): void {
    if (this.#count === 0) return
    throw breach(this.#parties.server, CALL, `${this.#count} bodies were not closed`, REMEDY)
  }
}

// The server runs no code when it drops a body, so it cannot get an error. wsgiref.validate writes to stderr here.
const dropped = new FinalizationRegistry<string>((message) => {
  process.emitWarning(message, { type: 'LintWarning', code: 'ISTHMUS_LINT' })
})
