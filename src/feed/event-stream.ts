// Events of channels as server-sent events (HTML, 9.2).

import { joinedText } from '../channel-text.ts'
import { positionsToText, WHOLE_HISTORY } from './positions.ts'
import type { ChannelEvent, Joined, Position, Subscription } from '../contract/channels.ts'
import type { HeaderPairs, Send } from '../contract/events.ts'
import type { FeedSettings } from './settings.ts'

/** The head of the response. Caches and proxies pass each event on at once. */
export const EVENT_STREAM: HeaderPairs = [
  ['content-type', 'text/event-stream'],
  ['cache-control', 'no-cache'],
  ['x-accel-buffering', 'no'],
]

/** One response. Each event has the positions of all groups as its id: a page comes back with the last id only. */
export class EventStream {
  readonly #send: Send
  readonly #positions: Map<string, Position>
  readonly #heartbeat: NodeJS.Timeout
  readonly #settings: FeedSettings
  /** Parts that the client has not taken yet. */
  #pending = 0

  /** @param positions the positions of the page, by their groups */
  constructor(send: Send, positions: Iterable<[string, Position]>, settings: FeedSettings) {
    this.#send = send
    this.#positions = new Map(positions)
    this.#settings = settings
    this.#heartbeat = setInterval(beat, settings.heartbeatMs, this)
  }

  async begin(): Promise<void> {
    await this.#send({ type: 'http.response.start', status: 200, headers: EVENT_STREAM })
    // Different for each page: after a restart of the server they come back one after the other.
    const retryMs = Math.round(this.#settings.retryMs * (0.5 + Math.random()))
    await this.#write(`retry: ${retryMs}\n\n`)
  }

  /** Joins the groups in turn, and passes all events on until the subscription ends. */
  async follow(subscription: Subscription, groups: readonly string[]): Promise<void> {
    let next = subscription.receive()
    for (const group of groups) {
      const joined = await subscription.join(group, { since: this.#sinceOf(group) })
      // The messages of the history are in the queue now. They come before the word that they are complete.
      for (;;) {
        const event = await Promise.race([next, NONE])
        if (event === undefined) break
        await this.#writeEvent(event)
        next = subscription.receive()
      }
      await this.#writeJoined(group, joined)
    }
    for (let event = await next; event; event = await subscription.receive()) {
      await this.#writeEvent(event)
    }
  }

  /** A sign of life for proxies and pages, unless an event is on its way already. */
  heartbeat(): void {
    if (this.#pending > 0) return
    // The next event fails too, and ends the stream.
    this.#write(`event: heartbeat\ndata: ${this.#settings.heartbeatMs}\n\n`).catch(() => undefined)
  }

  async end(): Promise<void> {
    await this.#send({ type: 'http.response.body' })
  }

  /** Stops the heartbeat. */
  stop(): void {
    clearInterval(this.#heartbeat)
  }

  #writeEvent({ group, position, text }: ChannelEvent): Promise<void> {
    if (position) this.#positions.set(group, position)
    return this.#writeData(text)
  }

  #sinceOf(group: string): Position | null {
    return this.#positions.get(group) ?? (this.#settings.history ? WHOLE_HISTORY : null)
  }

  #writeJoined(group: string, { position, recovered }: Joined): Promise<void> {
    // A page that gets no message before it leaves comes back with the place at which it has joined.
    if (!position) this.#positions.delete(group)
    else if (!this.#positions.has(group)) this.#positions.set(group, position)
    return this.#writeData(
      joinedText(group, { recovered, position: this.#positions.get(group) ?? null }),
    )
  }

  // JSON has no line feed outside of its texts, and an escaped one inside: the data is one line.
  #writeData(text: string): Promise<void> {
    const id = positionsToText(this.#positions)
    return this.#write(id === '' ? `data: ${text}\n\n` : `id: ${id}\ndata: ${text}\n\n`)
  }

  async #write(text: string): Promise<void> {
    this.#pending += 1
    await this.#send({ type: 'http.response.body', body: text, moreBody: true })
    this.#pending -= 1
  }
}

function beat(stream: EventStream): void {
  stream.heartbeat()
}

/** Loses a race against each event that is there already. */
const NONE = Promise.resolve(undefined)
