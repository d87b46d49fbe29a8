// The broker that connects nothing: the groups of one process, with their histories.

import { randomUUID } from 'node:crypto'
import { GroupLog } from './group-log.ts'
import type { Position } from '../../contract/channels.ts'
import type { Broker, BrokerEvents, Past, Payload } from '../broker.ts'
import type { HistoryTable } from '../options.ts'

// The place of a group outlives its messages, so that a consumer that has them all is not told a gap.
const PLACE_TTL_MS = 24 * 60 * 60 * 1000
const MAX_UNFOLLOWED = 100_000

/** Passes each message on at once. */
export class MemoryBroker implements Broker {
  readonly isConnected = true
  readonly pending = 0
  readonly #events: BrokerEvents
  readonly #historyOf: HistoryTable
  /** The groups with consumers; null before the first use of a history. */
  readonly #followed = new Map<string, GroupLog | null>()
  /** The histories of the other groups, in the order of their last messages. */
  readonly #unfollowed = new Map<string, GroupLog>()
  /** The histories that are looked at next, so that old messages of groups without traffic go too. */
  #untrimmed: Array<GroupLog | null> = []

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
    const now = performance.now()
    const log = this.#logOf(group, now)
    if (this.#unfollowed.delete(group)) this.#unfollowed.set(group, log)
    const envelope = log.append(payload, lost, now)
    this.#trimNext(now)
    this.#events.onMessage(envelope)
    return true
  }

  follow(group: string): undefined {
    this.#followed.set(group, this.#unfollowed.get(group) ?? null)
    this.#unfollowed.delete(group)
  }

  unfollow(group: string): void {
    const log = this.#followed.get(group)
    this.#followed.delete(group)
    if (log) this.#keep(group, log, performance.now())
  }

  read(group: string, since: Position | null): Past {
    const now = performance.now()
    return this.#logOf(group, now).read(since, now)
  }

  close(): Promise<void> {
    this.#followed.clear()
    this.#unfollowed.clear()
    this.#untrimmed = []
    return Promise.resolve()
  }

  #logOf(group: string, now: number): GroupLog {
    const known = this.#followed.get(group) ?? this.#unfollowed.get(group)
    if (known) return known
    const history = this.#historyOf(group)
    if (history === null) throw new Error(`the group ${group} keeps no history`)
    const log = new GroupLog(group, history, { epoch: randomUUID().slice(0, 8), now })
    if (this.#followed.has(group)) this.#followed.set(group, log)
    else this.#keep(group, log, now)
    return log
  }

  #keep(group: string, log: GroupLog, now: number): void {
    log.lastAt = now
    this.#unfollowed.set(group, log)
    for (const [oldest, { lastAt }] of this.#unfollowed) {
      if (lastAt > now - PLACE_TTL_MS && this.#unfollowed.size <= MAX_UNFOLLOWED) return
      this.#unfollowed.delete(oldest)
    }
  }

  // One for each message. A list, because a group with traffic would stay ahead of an iterator for ever.
  #trimNext(now: number): void {
    if (this.#untrimmed.length === 0) {
      this.#untrimmed = [...this.#unfollowed.values(), ...this.#followed.values()]
    }
    this.#untrimmed.pop()?.trim(now)
  }
}
