// The broker that connects nothing: the groups of one process, with their histories.

import { randomUUID } from 'node:crypto'
import { GroupLog } from './group-log.ts'
import type { Position } from '../../contract/channels.ts'
import type { Broker, BrokerEvents, Past, Payload } from '../broker.ts'
import type { HistoryTable } from '../options.ts'

// The place of a group outlives its messages, so that a consumer that has them all is not told a gap.
const PLACE_TTL_MS = 24 * 60 * 60 * 1000
const MAX_GROUPS = 100_000

/** Passes each message on at once. */
export class MemoryBroker implements Broker {
  readonly isConnected = true
  readonly pending = 0
  readonly #events: BrokerEvents
  readonly #historyOf: HistoryTable
  // In the order of their last messages.
  readonly #logs = new Map<string, GroupLog>()

  constructor(events: BrokerEvents, historyOf: HistoryTable) {
    this.#events = events
    this.#historyOf = historyOf
  }

  publish(group: string, payload: Payload, lost = 0): true {
    const history = this.#historyOf(group)
    if (history === null) {
      this.#events.onMessage({ group, payload, position: null, lost })
      return true
    }
    const log = this.#logOf(group)
    // The oldest group is the first one.
    this.#logs.delete(group)
    this.#logs.set(group, log)
    this.#events.onMessage(log.append(payload, lost, Date.now()))
    return true
  }

  follow(): undefined {
    return undefined
  }

  unfollow(): void {}

  read(group: string, since: Position | null): Past {
    return this.#logOf(group).read(since, Date.now())
  }

  close(): Promise<void> {
    this.#logs.clear()
    return Promise.resolve()
  }

  #logOf(group: string): GroupLog {
    const known = this.#logs.get(group)
    if (known) return known
    const history = this.#historyOf(group)
    if (history === null) throw new Error(`the group ${group} keeps no history`)
    this.#forgetOld()
    const log = new GroupLog(group, randomUUID().slice(0, 8), history)
    log.lastAt = Date.now()
    this.#logs.set(group, log)
    return log
  }

  #forgetOld(): void {
    const before = Date.now() - PLACE_TTL_MS
    for (const [group, log] of this.#logs) {
      if (log.lastAt > before && this.#logs.size < MAX_GROUPS) return
      this.#logs.delete(group)
    }
  }
}
