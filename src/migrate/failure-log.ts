// Failures that concern no client, such as those of the user's functions: the log gets each kind once a minute.

import { performance } from 'node:perf_hooks'
import { SILENT_LOG } from '../silent-log.ts'
import type { ExchangeContext } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'

const PAUSE_MS = 60_000

/** The request of a failure. */
interface Place {
  path: string
  'isthmus.exchange'?: Pick<ExchangeContext, 'log'>
}

/** Writes a line for the first failure of a kind, and the number of further ones with the next line. */
export class FailureLog {
  readonly #kinds = new Map<string, { toldAt: number; since: number }>()
  #log: Log = SILENT_LOG

  /** Takes the log of the server. */
  follow(log: Log): void {
    this.#log = log
  }

  /** @param message the kind of the failure, in one sentence */
  tell(place: Place, message: string, error: unknown): void {
    const now = performance.now()
    const kind = this.#kinds.get(message)
    if (kind !== undefined && now - kind.toldAt < PAUSE_MS) {
      kind.since += 1
      return
    }
    this.#kinds.set(message, { toldAt: now, since: 0 })
    const log = place['isthmus.exchange']?.log ?? this.#log
    const more = kind === undefined || kind.since === 0 ? {} : { sinceTheLastLine: kind.since }
    log.warn({ path: place.path, err: error, ...more }, message)
  }
}
