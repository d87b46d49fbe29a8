// The events that consumers get. All consumers of a process share one object for each message.

import { placeOf } from '../channel-text.ts'
import type { ChannelGap, ChannelMessage, GapReason, Position } from '../contract/channels.ts'
import type { Envelope, Payload } from './broker.ts'

/** A message. Its value and its text are made on demand, and once. */
export class MessageEvent implements ChannelMessage {
  readonly type = 'message'
  readonly group: string
  readonly position: Position | null
  readonly #lost: number | null
  readonly #payload: Payload
  #message: unknown
  #text: string | undefined

  constructor({ group, payload, position, lost }: Envelope) {
    this.group = group
    this.position = position
    this.#lost = lost
    this.#payload = payload
  }

  /** The length of the message, for the bound of a queue. */
  get size(): number {
    return this.#payload.length
  }

  /** The gap before the message: the messages of the group that are lost on their way to the broker. */
  get gapBefore(): ChannelGap | null {
    return this.#lost === 0 ? null : gapEvent(this.group, 'publisher', this.#lost, null)
  }

  get message(): unknown {
    this.#message ??=
      typeof this.#payload === 'string' ? frozen(JSON.parse(this.#payload)) : this.#payload
    return this.#message
  }

  get text(): string {
    this.#text ??= `{"group":${JSON.stringify(this.group)},${this.#member()}${placeOf(this.position)}}`
    return this.#text
  }

  #member(): string {
    if (typeof this.#payload === 'string') return `"message":${this.#payload}`
    return `"bytes":"${Buffer.from(this.#payload).toString('base64')}"`
  }
}

// After an interruption many consumers get the same past, and a history in memory gives them the same envelopes.
const EVENTS = new WeakMap<Envelope, MessageEvent>()

/** The event of a message of the past: one object for all consumers, if the broker gives them one envelope. */
export function pastEvent(envelope: Envelope): MessageEvent {
  let event = EVENTS.get(envelope)
  if (!event) {
    event = new MessageEvent(envelope)
    EVENTS.set(envelope, event)
  }
  return event
}

/** Makes the event of a loss. */
export function gapEvent(
  group: string,
  reason: GapReason,
  lost: number | null,
  position: Position | null,
): ChannelGap {
  const text = `{"group":${JSON.stringify(group)},"gap":"${reason}","lost":${lost}${placeOf(position)}}`
  return { type: 'gap', group, reason, lost, position, text }
}

// The consumers share the value: a change by one of them would reach the others. A deep value must not end the stack.
function frozen(value: unknown): unknown {
  const found = [value]
  while (found.length > 0) {
    const next = found.pop()
    if (typeof next !== 'object' || next === null) continue
    Object.freeze(next)
    for (const inner of Object.values(next)) found.push(inner)
  }
  return value
}
