// The other side of a link: serves one client from a broker, and never keeps more for it than the bound allows.

import { Fifo } from '../../waiting/fifo.ts'
import { weightOf, Window } from './window.ts'
import type { Broker, BrokerEvents, Envelope, Past } from '../broker.ts'
import type { LinkBounds, LinkPort, ToClient, ToRelay } from './messages.ts'

/** The reads that a broker may answer at the same time. */
const MAX_READS = 16

type ReadMessage = Extract<ToRelay, { type: 'read' }>

/** The channels that a relay serves its client from. */
interface RelaySource {
  connect(events: BrokerEvents): Broker
}

/** The reports of a relay. */
interface RelayEvents {
  /** The client does not take its messages: from now on they are dropped for it, until it takes them again. */
  onSlow(): void
  /** The client has taken enough of its messages, and is told which groups have lost some. */
  onCaughtUp(lost: number): void
}

/**
 * Follows groups of a broker for one client. A message that the client has not taken yet is in its window; if that is full,
 * messages are dropped. When half of the window is free again, the client learns which groups miss messages: it reads those of a
 * group with a history, and tells its consumers the number of the others. Its owner closes it.
 */
export class Relay implements BrokerEvents {
  readonly #broker: Broker
  readonly #port: LinkPort<ToClient>
  readonly #events: RelayEvents | null
  readonly #window: Window
  /** The groups whose messages are dropped, with their number; null if the broker has lost an unknown number. */
  readonly #missed = new Map<string, number | null>()
  readonly #reads = new Fifo<ReadMessage>()
  #reading = 0
  #accepted = 0
  #dropped = 0
  #isClosed = false

  constructor(
    source: RelaySource,
    port: LinkPort<ToClient>,
    bounds: LinkBounds,
    events: RelayEvents | null = null,
  ) {
    this.#port = port
    this.#events = events
    this.#window = new Window(bounds)
    this.#broker = source.connect(this)
  }

  /** Takes a message of the client. */
  take(message: ToRelay): void {
    if (this.#isClosed) return
    if (message.type === 'publish') this.#publish(message)
    else if (message.type === 'taken') this.#taken(message)
    else if (message.type === 'follow') this.#follow(message.group, message.id)
    else if (message.type === 'read') this.#read(message)
    else this.#unfollow(message.group)
  }

  /** The client is gone: its groups are unfollowed. */
  close(): void {
    this.#isClosed = true
    this.#missed.clear()
    this.#reads.clear()
    // The broker of one party only unfollows its groups.
    this.#broker.close().catch(() => undefined)
  }

  // --- the reports of the broker ---

  onMessage(envelope: Envelope): void {
    const { group, payload } = envelope
    if (this.#missed.has(group)) return this.#drop(envelope)
    if (!this.#window.hasRoomFor(payload.length)) return this.#drop(envelope)
    this.#post({ type: 'message', envelope })
  }

  onResumed(groups: readonly string[]): void {
    for (const group of groups) this.#missed.set(group, null)
    this.#tellMissed()
  }

  onLost(group: string, count: number): void {
    this.#addMissed(group, count)
    this.#tellMissed()
  }

  onWarning(): void {}

  // --- the requests of the client ---

  #publish({ group, payload, lost }: Extract<ToRelay, { type: 'publish' }>): void {
    // A refused message is counted by the broker, which tells the loss with its next one.
    this.#broker.publish(group, payload, lost)
    if (this.#accepted === 0) setImmediate(() => this.#tellAccepted())
    this.#accepted += 1
  }

  #tellAccepted(): void {
    const count = this.#accepted
    this.#accepted = 0
    this.#post({ type: 'accepted', count })
  }

  #follow(group: string, id: number): void {
    const following = this.#broker.follow(group)
    if (!following) return this.#post({ type: 'followed', id })
    // It rejects at the close of the broker only, and then the client learns that the link is gone.
    following.then(() => this.#post({ type: 'followed', id })).catch(() => undefined)
  }

  #unfollow(group: string): void {
    this.#missed.delete(group)
    this.#broker.unfollow(group)
  }

  #read(message: ReadMessage): void {
    this.#reads.push(message)
    this.#answerReads()
  }

  #answerReads(): void {
    while (this.#reading < MAX_READS && this.#window.hasRoomFor(0)) {
      const message = this.#reads.shift()
      if (!message) return
      const past = this.#broker.read(message.group, message.since)
      if (past instanceof Promise) this.#awaitPast(message.id, past)
      else this.#post({ type: 'past', id: message.id, past })
    }
  }

  #awaitPast(id: number, past: Promise<Past>): void {
    this.#reading += 1
    past
      .then((read) => {
        this.#reading -= 1
        this.#post({ type: 'past', id, past: read })
        this.#answerReads()
      })
      .catch(() => undefined)
  }

  #taken(weight: Extract<ToRelay, { type: 'taken' }>): void {
    this.#window.remove(weight)
    this.#tellMissed()
    this.#answerReads()
  }

  // --- the window ---

  #drop({ group, lost }: Envelope): void {
    if (this.#dropped === 0) this.#events?.onSlow()
    this.#dropped += 1 + (lost ?? 0)
    this.#addMissed(group, lost === null ? null : 1 + lost)
  }

  #addMissed(group: string, count: number | null): void {
    const before = this.#missed.get(group) ?? (this.#missed.has(group) ? null : 0)
    this.#missed.set(group, before === null || count === null ? null : before + count)
  }

  // A client that has just begun to take its messages would lose the next ones again.
  #tellMissed(): void {
    if (this.#missed.size === 0 || !this.#window.isHalfFree) return
    const groups = [...this.#missed]
    this.#missed.clear()
    this.#post({ type: 'missed', groups })
    if (this.#dropped > 0) this.#events?.onCaughtUp(this.#dropped)
    this.#dropped = 0
  }

  #post(message: ToClient): void {
    if (this.#isClosed) return
    const weight = weightOf(message)
    if (weight) this.#window.add(weight)
    this.#port.post(message)
  }
}
