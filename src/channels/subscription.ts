// One consumer: its groups, and the events that wait for it.

import { checkNumber, completeOptions, invalidOption } from '../complete-options.ts'
import { rejected } from '../waiting/deferred.ts'
import { ChannelsClosedError, SlowConsumerError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import type {
  ChannelEvent,
  GapReason,
  JoinOptions,
  Joined,
  Position,
  Subscription,
  SubscriptionOptions,
} from '../contract/channels.ts'
import type { QueueBounds } from './event-queue.ts'
import type { Member } from './group.ts'

/** The channels in the eyes of a subscription. */
export interface SubscriptionHub {
  addressOf(subscription: LocalSubscription): string
  /** Checks the arguments of a join. */
  sinceOf(group: string, options: JoinOptions): Position | null
  join(subscription: LocalSubscription, group: string, since: Position | null): Promise<Joined>
  leave(subscription: LocalSubscription, group: string): void
  closed(subscription: LocalSubscription): void
  onGap(reason: GapReason): void
  onDelivered(): void
  onDropped(count: number): void
  onFault(error: unknown): void
}

const DEFAULTS: QueueBounds & { onEvent: ((event: ChannelEvent) => void) | null } = {
  maxQueue: 256,
  maxQueueBytes: 1024 * 1024,
  onSlow: 'dropOldest',
  onEvent: null,
}
const POLICIES: readonly string[] = ['dropOldest', 'dropNewest', 'close']

/** A consumer of the channels of this process. */
export class LocalSubscription implements Subscription, Member {
  readonly #hub: SubscriptionHub
  readonly #bounds: QueueBounds
  readonly #onEvent: ((event: ChannelEvent) => void) | null
  // Most consumers are idle, or have `onEvent`: they need no queue.
  #queue: EventQueue | undefined
  #groups: string[] = []
  #pending: Promise<ChannelEvent | undefined> | undefined
  #wake: ((event: ChannelEvent | undefined | Promise<never>) => void) | undefined
  #isPaused = false
  #isResuming = false
  #end: 'closed' | 'slow' | undefined

  /** @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) */
  constructor(hub: SubscriptionHub, options: SubscriptionOptions) {
    const { onEvent, ...bounds } = completeOptions('subscribe', options, DEFAULTS)
    checkNumber('subscribe', 'maxQueue', bounds.maxQueue, { min: 1, max: Infinity, isWhole: true })
    checkNumber('subscribe', 'maxQueueBytes', bounds.maxQueueBytes, {
      min: 1,
      max: Infinity,
      isWhole: true,
    })
    if (!POLICIES.includes(bounds.onSlow)) {
      throw invalidOption('subscribe', 'onSlow', bounds.onSlow, `it is ${POLICIES.join(', ')}`)
    }
    if (onEvent !== null && typeof onEvent !== 'function') {
      throw invalidOption('subscribe', 'onEvent', onEvent, 'it is a function')
    }
    this.#hub = hub
    this.#bounds = sharedBounds(bounds)
    this.#onEvent = onEvent
  }

  get address(): string {
    return this.#hub.addressOf(this)
  }

  get groups(): readonly string[] {
    return this.#groups
  }

  join(group: string, options: JoinOptions = {}): Promise<Joined> {
    if (this.#end) return rejected(new ChannelsClosedError('the subscription is closed'))
    try {
      const since = this.#hub.sinceOf(group, options)
      // The events that wait would come again after `since`.
      if (this.#groups.includes(group)) this.#queue?.remove(group)
      // An array that grows by push() has room for 17, and most consumers have one group.
      else this.#groups = this.#groups.concat(group)
      return this.#hub.join(this, group, since)
    } catch (error) {
      return rejected(error)
    }
  }

  leave(group: string): void {
    if (!this.#groups.includes(group)) return
    this.#groups = this.#groups.filter((name) => name !== group)
    this.#hub.leave(this, group)
    this.#queue?.remove(group)
  }

  receive(): Promise<ChannelEvent | undefined> {
    if (this.#pending) return this.#pending
    const event = this.#onEvent ? undefined : this.#queue?.shift()
    if (event) return Promise.resolve(this.#counted(event))
    if (this.#end === 'slow') return rejected(new SlowConsumerError())
    if (this.#end) return Promise.resolve(undefined)
    this.#pending = new Promise((resolve) => {
      this.#wake = resolve
    })
    return this.#pending
  }

  [Symbol.asyncIterator](): AsyncIterator<ChannelEvent, undefined> {
    return {
      next: async () => {
        const value = await this.receive()
        return value === undefined ? { done: true, value } : { done: false, value }
      },
    }
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    const onEvent = this.#onEvent
    if (!onEvent || this.#isResuming) return
    // An event that comes while `onEvent` runs waits after the others.
    this.#isResuming = true
    for (
      let next = this.#queue?.shift();
      next;
      next = this.#isPaused ? undefined : this.#queue?.shift()
    ) {
      this.#call(onEvent, next)
    }
    this.#isResuming = false
  }

  close(): void {
    this.#close('closed')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  deliver(event: ChannelEvent, room: number): void {
    if (this.#end) return
    if (this.#onEvent) {
      if (!this.#isPaused && !this.#isResuming) return this.#call(this.#onEvent, event)
    } else if (this.#wake) return this.#resolve(this.#counted(event))
    this.#queue ??= new EventQueue(this.#bounds)
    const dropped = this.#queue.push(event, room)
    if (dropped === 0) return
    this.#hub.onDropped(dropped === 'full' ? this.#queue.messages + 1 : dropped)
    if (dropped === 'full') this.#close('slow')
  }

  #call(onEvent: (event: ChannelEvent) => void, event: ChannelEvent): void {
    try {
      // The type forbids a function that waits only in part.
      const result: unknown = onEvent(this.#counted(event))
      if (result instanceof Promise) result.catch((error: unknown) => this.#hub.onFault(error))
    } catch (error) {
      this.#hub.onFault(error)
    }
  }

  #counted(event: ChannelEvent): ChannelEvent {
    if (event.type === 'gap') this.#hub.onGap(event.reason)
    else this.#hub.onDelivered()
    return event
  }

  #resolve(event: ChannelEvent | undefined | Promise<never>): void {
    const wake = this.#wake
    this.#pending = undefined
    this.#wake = undefined
    wake?.(event)
  }

  #close(end: 'closed' | 'slow'): void {
    if (this.#end) return
    this.#end = end
    for (const group of this.#groups) this.#hub.leave(this, group)
    this.#groups = []
    this.#queue?.clear()
    this.#hub.closed(this)
    this.#resolve(end === 'slow' ? rejected(new SlowConsumerError()) : undefined)
  }
}

let last: QueueBounds | undefined

// Most consumers of a process have the same bounds, and one object for them.
function sharedBounds(bounds: QueueBounds): QueueBounds {
  const { maxQueue, maxQueueBytes, onSlow } = bounds
  const isSame =
    last?.maxQueue === maxQueue && last.maxQueueBytes === maxQueueBytes && last.onSlow === onSlow
  if (last === undefined || !isSame) last = { maxQueue, maxQueueBytes, onSlow }
  return last
}
