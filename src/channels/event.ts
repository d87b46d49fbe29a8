// The events that consumers get. All consumers of a process share one object for each message.

import { placeOf } from '../channel-text.ts'
import type { ChannelGap, ChannelMessage, GapReason, Position } from '../contract/channels.ts'
import type { Envelope, Payload } from './broker.ts'

/** A message. Its value and its text are made on demand, and once. */
export class MessageEvent implements ChannelMessage {
  readonly type = 'message'
  readonly group: string
  readonly position: Position | null
  readonly #payload: Payload
  #message: unknown
  #text: string | undefined

  constructor({ group, payload, position }: Envelope) {
    this.group = group
    this.position = position
    this.#payload = payload
  }

  /** The length of the message, for the bound of a queue. */
  get size(): number {
    return this.#payload.length
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

// The consumers share the value: a change by one of them would reach the others.
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
