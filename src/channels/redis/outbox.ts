// The messages that wait for Redis: a bound, one batch of each group at a time, and what happens when a connection breaks.

import { randomBytes, randomUUID } from 'node:crypto'
import { isRefusal } from './client.ts'
import { frameOf } from './frame.ts'
import { Lane } from './lane.ts'
import { NO_LIFE } from './node.ts'
import { APPEND } from './scripts.ts'
import { runScript } from './run-script.ts'
import type { Payload } from '../broker.ts'
import type { HistoryTable } from '../options.ts'
import type { NodeClient } from './client.ts'
import type { GroupKeys } from './keys.ts'
import type { Batch } from './lane.ts'
import type { RedisNode } from './node.ts'

/** The parts and bounds of an outbox, and its reports. */
interface OutboxOptions {
  historyOf: HistoryTable
  keysOf: (group: string) => GroupKeys
  nodeOf: (group: string) => RedisNode | null
  maxPending: number
  maxPendingBytes: number
  isSharded: boolean
  onRefusal: (error: Error, group: string) => void
  /** Groups have moved to another server. */
  onMoved: () => void
}

// The server is not able to run a command now, and will be later.
const PASSING =
  /^(LOADING|BUSY|TRYAGAIN|OOM|NOREPLICAS|MISCONF|CLUSTERDOWN|MOVED|ASK|READONLY|MASTERDOWN) /
const MOVED = /^(CLUSTERDOWN|MOVED|ASK) /
// The server is a replica now: the name that was dialled may lead to the new master.
const DEMOTED = /^(READONLY|MASTERDOWN) /
const RETRY_MS = 250
const MAX_LOSSES = 10_000

/** Passes messages on, in the order of each group. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #publisher = `p:${randomUUID()}`
  readonly #lanes = new Map<string, Lane>()
  // Losses of groups that have no message to tell them with.
  readonly #losses = new Map<string, number | null>()
  readonly #dirty = new Set<Lane>()
  #isScheduled = false
  #batches = 0
  #count = 0
  #bytes = 0
  #retry: NodeJS.Timeout | undefined
  #onDrained: (() => void) | undefined
  /** The messages that were taken and are lost, or perhaps lost. */
  unsent = 0

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** The messages that Redis has not confirmed. */
  get pending(): number {
    return this.#count
  }

  publish(group: string, payload: Payload, lostBefore: number): boolean {
    const { maxPending, maxPendingBytes } = this.#options
    const isFull = this.#count >= maxPending || this.#bytes + payload.length > maxPendingBytes
    if (isFull && this.#count > 0) {
      this.#lose(group, 1 + lostBefore)
      return false
    }
    const lane = this.#lanes.get(group) ?? this.#addLane(group)
    const lost = this.#losses.size > 0 ? sum(this.#takeLoss(group), lostBefore) : lostBefore
    lane.push({ payload, lost })
    this.#count += 1
    this.#bytes += payload.length
    if (!lane.sent) this.#schedule(lane)
    return true
  }

  /** A server is reachable again, or another one has the groups. */
  resume(): void {
    for (const lane of this.#lanes.values()) if (!lane.sent) this.#schedule(lane)
  }

  /** Resolves when no message waits. */
  drained(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onDrained = resolve
    })
  }

  close(): void {
    clearTimeout(this.#retry)
  }

  #addLane(group: string): Lane {
    const lane = new Lane(group)
    this.#lanes.set(group, lane)
    return lane
  }

  // The messages of one turn of the event loop go together.
  #schedule(lane: Lane): void {
    this.#dirty.add(lane)
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      for (const dirty of this.#dirty) this.#flush(dirty)
      this.#dirty.clear()
    })
  }

  #flush(lane: Lane): void {
    const node = this.#options.nodeOf(lane.group)
    const client = node?.publisher.client
    if (!client || lane.sent) return
    const batch = lane.take(this.#batches + 1)
    if (!batch) return
    this.#batches = Math.max(this.#batches, batch.number)
    lane.sent = batch
    const { life } = node
    this.#send(lane.group, batch, { client, life }).then(
      (answer) => {
        node.publisher.heard()
        if (String(answer) === 'unknown') this.#drop(lane, batch, true)
        else this.#done(lane, batch)
      },
      (error: unknown) => {
        if (isRefusal(error)) this.#refused(lane, batch, { error, node })
        else this.#broken(lane, batch, life)
      },
    )
  }

  #send(
    group: string,
    batch: Batch,
    { client, life }: { client: NodeClient; life: string },
  ): Promise<unknown> {
    const { historyOf, keysOf, isSharded } = this.#options
    const { channel, log, place } = keysOf(group)
    const command = isSharded ? 'SPUBLISH' : 'PUBLISH'
    const history = historyOf(group)
    if (!history) return client.sendCommand([command, channel, frameOf(batch.entries)])
    const { size, ttlMs } = history
    const epoch = randomBytes(6).toString('hex')
    return runScript(
      client,
      APPEND,
      [log, place, channel],
      [
        life,
        epoch,
        String(placeTtlMs(ttlMs)),
        String(ttlMs),
        this.#publisher,
        String(batch.number),
        batch.doubt,
        String(size),
        command,
        ...batch.entries,
      ],
    )
  }

  #done(lane: Lane, batch: Batch): void {
    lane.sent = null
    this.#count -= batch.messages.length
    for (const { payload } of batch.messages) this.#bytes -= payload.length
    if (lane.isEmpty) this.#lanes.delete(lane.group)
    else this.#schedule(lane)
    if (this.#count === 0) this.#onDrained?.()
  }

  // The batch may have run. In a history its number tells that; else it is not sent again, because no message comes twice.
  #broken(lane: Lane, batch: Batch, life: string): void {
    if (!this.#options.historyOf(lane.group) || life === NO_LIFE) {
      return this.#drop(lane, batch, true)
    }
    if (batch.doubt === '') batch.doubt = life
    this.#keep(lane, batch)
  }

  #refused(lane: Lane, batch: Batch, { error, node }: { error: Error; node: RedisNode }): void {
    this.#options.onRefusal(error, lane.group)
    if (!PASSING.test(error.message)) return this.#drop(lane, batch, false)
    lane.sent = null
    lane.again = batch
    if (MOVED.test(error.message)) this.#options.onMoved()
    if (DEMOTED.test(error.message)) node.publisher.restart(error)
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.resume()
    }, RETRY_MS)
  }

  #keep(lane: Lane, batch: Batch): void {
    lane.sent = null
    lane.again = batch
    this.#schedule(lane)
  }

  #drop(lane: Lane, batch: Batch, isPerhaps: boolean): void {
    let lost: number | null = isPerhaps ? null : batch.messages.length
    for (const message of batch.messages) lost = sum(lost, message.lost)
    this.unsent += batch.messages.length
    if (lane.next) lane.next.lost = sum(lane.next.lost, lost)
    else this.#lose(lane.group, lost)
    this.#done(lane, batch)
  }

  #lose(group: string, lost: number | null): void {
    this.#losses.set(group, sum(this.#takeLoss(group), lost))
    if (this.#losses.size <= MAX_LOSSES) return
    const [oldest] = this.#losses.keys()
    this.#losses.delete(oldest as string)
  }

  #takeLoss(group: string): number | null {
    const lost = this.#losses.get(group)
    this.#losses.delete(group)
    return lost === undefined ? 0 : lost
  }
}

// The place outlives the messages, so that a consumer that has them all is not told a gap.
const PLACE_TTL_MS = 24 * 60 * 60 * 1000

/** The time in ms for which a place is kept. */
export function placeTtlMs(ttlMs: number): number {
  return Math.max(PLACE_TTL_MS, ttlMs * 2)
}

function sum(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other
}
