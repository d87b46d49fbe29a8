// Failures that concern no client, such as those of the user's functions: the log gets each kind once a minute.

import { performance } from 'node:perf_hooks'
import type { HttpScope, WebSocketScope } from '../contract/events.ts'

const PAUSE_MS = 60_000

/** Writes a line for the first failure of a kind, and the number of further ones with the next line. */
export class FailureLog {
  readonly #kinds = new Map<string, { toldAt: number; since: number }>()

  /** @param message the kind of the failure, in one sentence */
  tell(scope: HttpScope | WebSocketScope, message: string, error: unknown): void {
    const now = performance.now()
    const kind = this.#kinds.get(message)
    if (kind !== undefined && now - kind.toldAt < PAUSE_MS) {
      kind.since += 1
      return
    }
    this.#kinds.set(message, { toldAt: now, since: 0 })
    const { path } = scope
    const more = kind === undefined || kind.since === 0 ? {} : { sinceTheLastLine: kind.since }
    scope['isthmus.exchange']?.log.warn({ path, err: error, ...more }, message)
  }
}
