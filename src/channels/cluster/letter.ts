// The messages of channels between two processes, among all other messages of `process.send`: tagged, in batches, and with
// bytes in a form that JSON has.

import { isObject } from '../../complete-options.ts'
import type { Envelope, Payload } from '../broker.ts'
import type { ToClient, ToRelay } from '../link/messages.ts'

const TAG = 'isthmus.channels'
/** The version of these messages: processes with another one do not understand each other. */
const VERSION = 1

/** From a client to its primary. */
export type FromChild =
  | ToRelay
  /** A session begins: the primary knows nothing of the client any more. */
  | { readonly type: 'hello' }
  /** The client is closed. */
  | { readonly type: 'leave' }

/** From a primary to a client, or to all clients of a child process. */
export type FromPrimary =
  | ToClient
  /** The session has begun. */
  | { readonly type: 'welcome'; readonly primary: string }
  /** There is a primary: clients without a session with it begin one. */
  | { readonly type: 'here'; readonly primary: string }
  /** The primary is closed. */
  | { readonly type: 'bye'; readonly primary: string }

/** The address of a letter. */
export interface Address {
  /** The option `name` of both sides. */
  readonly name: string
  /** The client; null: all clients. */
  readonly client: string | null
  /** The number of the client's session. */
  readonly session: number
}

/** A batch of messages. */
export interface Letter<Message> extends Address {
  readonly batch: readonly Message[]
}

/** The letter as `process.send` takes it. */
export function sealed({ name, client, session }: Address, batch: readonly unknown[]): object {
  return { [TAG]: VERSION, name, client, session, batch }
}

/** Whether a message of `process.on('message')` is a letter, of any version. */
export function isLetter(message: unknown): message is object {
  return isObject(message) && TAG in message
}

/** Opens a letter; null if it has another version. */
export function opened<Message extends FromChild | FromPrimary>(
  letter: object,
): Letter<Message> | null {
  if (Reflect.get(letter, TAG) !== VERSION) return null
  return letter as unknown as Letter<Message>
}

/** A payload in JSON: text as it is, bytes in base64. */
interface BytesAsText {
  readonly base64: string
}

/** The message in a form that survives JSON. */
export function withText<Message extends FromChild | FromPrimary>(message: Message): Message {
  return withPayloads(message, asText)
}

/** The message that {@link withText} has changed. */
export function withBytes<Message extends FromChild | FromPrimary>(message: Message): Message {
  return withPayloads(message, asBytes)
}

function withPayloads<Message extends FromChild | FromPrimary>(
  message: Message,
  convert: (payload: Payload) => Payload,
): Message {
  const convertIn = (envelope: Envelope): Envelope => {
    const payload = convert(envelope.payload)
    return payload === envelope.payload ? envelope : { ...envelope, payload }
  }
  if (message.type === 'publish') return { ...message, payload: convert(message.payload) }
  if (message.type === 'message') return { ...message, envelope: convertIn(message.envelope) }
  if (message.type !== 'past') return message
  return { ...message, past: { ...message.past, messages: message.past.messages.map(convertIn) } }
}

function asText(payload: Payload): Payload {
  if (typeof payload === 'string') return payload
  const { buffer, byteOffset, length } = payload
  const base64 = Buffer.from(buffer, byteOffset, length).toString('base64')
  return { base64 } satisfies BytesAsText as unknown as Payload
}

function asBytes(payload: Payload): Payload {
  if (typeof payload === 'string') return payload
  return Uint8Array.from(Buffer.from((payload as unknown as BytesAsText).base64, 'base64'))
}
