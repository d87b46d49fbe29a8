// The decisions of a master, without processes and without a clock: events go in with their time, orders come out.

import { Slot } from './slot.ts'
import type { Member } from './slot.ts'

/** An order to the master. */
export type Order =
  /** Starts a worker. */
  | { readonly type: 'start'; readonly id: number; readonly slot: number }
  /** The worker takes connections from now on. It replaces the worker `replaces`, which is ordered to drain next. */
  | { readonly type: 'admit'; readonly id: number }
  /** The worker gets no further connection, and drains. */
  | { readonly type: 'drain'; readonly id: number }
  /** The worker did not start or drain in time: the master kills it. */
  | { readonly type: 'kill'; readonly id: number }
  /** Every worker is ready for the first time. */
  | { readonly type: 'opened' }
  /** The worker has ended before the first start was complete: the master ends, too. */
  | { readonly type: 'startFailed'; readonly id: number }
  /** A reload has ended: completely, or by the worker that did not start. */
  | { readonly type: 'reloaded'; readonly failed: number | null }

/** The limits of a {@link Supervisor}. */
interface SupervisorLimits {
  /** The most workers. */
  readonly maxSize: number
  /** The time for a worker to be ready. */
  readonly startMs: number
  /** The time for a worker to end after it was ordered to drain. */
  readonly drainMs: number
}

interface Reload {
  readonly generation: number
  /** Whether a worker has loaded the new code: then several are replaced at once. */
  isProven: boolean
}

/** A part of the workers is replaced at once in a reload: the memory of a machine has room for that many more. */
const SHARE_AT_ONCE = 1 / 4

/**
 * Keeps a number of workers ready. A worker that the supervisor replaces is ordered to drain when its successor is ready, so
 * no order ever leaves fewer workers than before. Each method returns the orders that follow from the event.
 */
export class Supervisor {
  readonly #limits: SupervisorLimits
  readonly #slots: Slot[] = []
  readonly #draining = new Map<number, Member>()
  #orders: Order[] = []
  #lastId = 0
  #settledAt = -Infinity
  #generation = 1
  #isOpened = false
  #isStopping = false
  #reload: Reload | null = null
  #isReloadDue = false

  constructor(count: number, limits: SupervisorLimits) {
    this.#limits = limits
    for (let number = 1; number <= count; number += 1) this.#slots.push(new Slot(number))
  }

  /** The number of workers that there should be. */
  get size(): number {
    return this.#slots.length
  }

  get isReloading(): boolean {
    return this.#reload !== null
  }

  /** Whether the last worker has ended after {@link stop}. */
  get isOver(): boolean {
    return this.#isStopping && this.#draining.size === 0
  }

  /** The time of the next {@link tick}; Infinity if none is needed. */
  get nextTickAt(): number {
    const { startMs, drainMs } = this.#limits
    const times = this.#slots.flatMap((slot) => {
      const { serving, successor, startAt } = slot
      if (successor) return successor.isKilled ? [] : [successor.since + startMs]
      // A slot whose time has come waits for the end of another replacement.
      return startAt > this.#settledAt && (!serving || this.#isDue(slot)) ? [startAt] : []
    })
    for (const { since, isKilled } of this.#draining.values()) {
      if (!isKilled) times.push(since + drainMs)
    }
    return Math.min(...times, Infinity)
  }

  /** The delay before the worker of this slot is started again, and its crashes in a row. */
  waitOf(number: number, now: number): { delayMs: number; crashes: number } {
    const slot = this.#slots.find((candidate) => candidate.number === number)
    return { delayMs: Math.max(0, (slot?.startAt ?? now) - now), crashes: slot?.crashes ?? 0 }
  }

  /** Starts the first workers; later, starts those whose time has come, and kills those whose time is over. */
  tick(now: number): Order[] {
    const { startMs, drainMs } = this.#limits
    for (const { successor } of this.#slots) {
      if (successor && now - successor.since >= startMs) this.#kill(successor)
    }
    for (const member of this.#draining.values()) {
      if (now - member.since >= drainMs) this.#kill(member)
    }
    return this.#settle(now)
  }

  /** A worker can take connections. */
  ready(id: number, now: number): Order[] {
    const slot = this.#slots.find(({ successor }) => successor?.id === id)
    if (!slot || slot.successor?.isKilled) return []
    const old = slot.takeOver(now)
    this.#orders.push({ type: 'admit', id })
    if (old) this.#drain(old, now)
    if (this.#reload && slot.serving?.generation === this.#reload.generation) {
      this.#reload.isProven = true
    }
    if (!this.#isOpened && this.#slots.every(({ serving }) => serving)) {
      this.#isOpened = true
      this.#orders.push({ type: 'opened' })
    }
    return this.#settle(now)
  }

  /** A worker has ended, for any reason. */
  ended(id: number, now: number): Order[] {
    if (this.#draining.delete(id)) return []
    const slot = this.#slots.find(({ serving, successor }) => {
      return serving?.id === id || successor?.id === id
    })
    if (!slot) return []
    const { successor } = slot
    const isSuccessor = successor?.id === id
    if (isSuccessor) slot.failed(now)
    else slot.crashed(now)
    if (!this.#isOpened) this.#orders.push({ type: 'startFailed', id }, ...this.stop(now))
    else if (isSuccessor && successor.generation === this.#reload?.generation) this.#endReload(id)
    return this.#settle(now)
  }

  /** A worker wants to be replaced: by a limit, or by a signal. It serves until its successor is ready. */
  leaves(id: number, now: number): Order[] {
    const slot = this.#slots.find(({ serving }) => serving?.id === id)
    if (slot && !slot.isLeaving) {
      slot.isLeaving = true
      slot.startAt = now
    }
    return this.#settle(now)
  }

  /** A worker drains already, without an order. */
  left(id: number, now: number): Order[] {
    const slot = this.#slots.find(({ serving }) => serving?.id === id)
    if (slot?.serving) {
      this.#draining.set(id, slot.serving)
      const { serving } = slot
      slot.crashed(now)
      serving.since = now
    }
    return this.#settle(now)
  }

  /** Replaces every worker by one that loads the code anew. A reload that is under way is followed by another one. */
  reload(now: number): Order[] {
    if (this.#isStopping) return []
    this.#isReloadDue = true
    return this.#settle(now)
  }

  /** One worker more (1), up to the limit, or less (-1); the last one stays. */
  resize(by: 1 | -1, now: number): Order[] {
    if (!this.#isOpened || this.#isStopping) return []
    const size = this.size + by
    if (size < 1 || size > this.#limits.maxSize) return []
    if (by === 1) this.#slots.push(new Slot(size))
    else this.#empty(this.#slots.pop() as Slot, now)
    return this.#settle(now)
  }

  /** Ends all workers. */
  stop(now: number): Order[] {
    this.#isStopping = true
    this.#reload = null
    for (const slot of this.#slots.splice(0)) this.#empty(slot, now)
    return this.#taken()
  }

  #empty({ serving, successor }: Slot, now: number): void {
    for (const member of [serving, successor]) if (member) this.#drain(member, now)
  }

  #drain(member: Member, now: number): void {
    member.since = now
    this.#draining.set(member.id, member)
    this.#orders.push({ type: 'drain', id: member.id })
  }

  #kill(member: Member): void {
    if (member.isKilled) return
    member.isKilled = true
    this.#orders.push({ type: 'kill', id: member.id })
  }

  /** Orders the starts and the end of the reload that follow from the state. */
  #settle(now: number): Order[] {
    this.#settledAt = now
    if (this.#isStopping) return this.#taken()
    this.#advanceReload(now)
    for (const slot of this.#slots) {
      if (slot.successor || slot.startAt > now) continue
      if (!slot.serving || (this.#isDue(slot) && this.#replacements < this.#atOnce)) {
        this.#start(slot, now)
      }
    }
    return this.#taken()
  }

  #advanceReload(now: number): void {
    const { generation } = this.#reload ?? {}
    if (this.#slots.every(({ serving }) => serving?.generation === generation)) {
      this.#endReload(null)
    }
    if (this.#reload || !this.#isReloadDue || !this.#isOpened) return
    this.#isReloadDue = false
    this.#generation += 1
    this.#reload = { generation: this.#generation, isProven: false }
    // The new code may mend the crashes of the old one.
    for (const slot of this.#slots) slot.forgive(now)
  }

  #endReload(failed: number | null): void {
    if (!this.#reload) return
    this.#reload = null
    this.#orders.push({ type: 'reloaded', failed })
  }

  #isDue({ serving, isLeaving }: Slot): boolean {
    if (isLeaving) return true
    return this.#reload !== null && serving?.generation !== this.#reload.generation
  }

  get #replacements(): number {
    return this.#slots.filter(({ serving, successor }) => serving && successor).length
  }

  get #atOnce(): number {
    return this.#reload?.isProven ? Math.max(1, Math.floor(this.size * SHARE_AT_ONCE)) : 1
  }

  #start(slot: Slot, now: number): void {
    this.#lastId += 1
    const id = this.#lastId
    slot.successor = { id, generation: this.#generation, since: now, isKilled: false }
    this.#orders.push({ type: 'start', id, slot: slot.number })
  }

  #taken(): Order[] {
    return this.#orders.splice(0)
  }
}
