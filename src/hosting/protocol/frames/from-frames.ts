// Decodes the frames of a host that is a process. A frame that breaks the protocol throws, and harms only its host.

import { readDirect } from '../../../channels/direct.ts'
import { DIRECT_PREFIX } from '../../../channels/options.ts'
import { DONE, END, HAS_HEAD, IS_BYTES, TO_GATEWAY } from './frame.ts'
import { checkedFromHost } from '../checked-message.ts'
import type { Frame } from './frame.ts'
import type { ToRelay } from '../../../channels/link/messages.ts'
import type { FromHost, LinkMessage, PartMessage } from '../messages.ts'
import type { HeaderPairs } from '../../../contract/events.ts'

/** A part, and the time that its request took, if it is over too. */
interface DecodedPart {
  part: PartMessage
  /** In ms; undefined if the request goes on. */
  tookMs: number | undefined
}

/**
 * Returns the part in a frame of kind `TO_GATEWAY.part`.
 *
 * @throws Error if the frame has another form
 */
export function partOf({ id, flags, small, payload }: Frame): DecodedPart {
  const tookMs = payload.readFloatBE(0)
  const textEnd = 8 + payload.readUInt32BE(4)
  if (textEnd > payload.length) throw new Error('the text block of a part is longer than its frame')
  const hasHead = (flags & HAS_HEAD) !== 0
  const head = hasHead
    ? { status: small, headers: headersOf(payload.toString('latin1', 8, textEnd)) }
    : null
  const chunk = textEnd === payload.length ? null : payload.subarray(textEnd)
  const end = (flags & END) !== 0
  const isDone = (flags & DONE) !== 0
  if (isDone && !end) throw new Error('a request is over before the last part of its response')
  return {
    part: { type: 'part', id, head, chunk, end },
    tookMs: isDone ? tookMs : undefined,
  }
}

function headersOf(text: string): HeaderPairs {
  const headers: HeaderPairs = []
  if (text === '') return headers
  const strings = text.split('\0')
  if (strings.length % 2 === 1) throw new Error('a header of a part has no value')
  for (let index = 0; index < strings.length; index += 2) {
    headers.push([strings[index] as string, strings[index + 1] as string])
  }
  return headers
}

/**
 * Returns the message in `frame`, which is no part and no frame of the transport itself.
 *
 * @throws Error if the frame has another form
 */
export function fromFrame(frame: Frame): FromHost {
  return checkedFromHost(decoded(frame))
}

function decoded(frame: Frame): unknown {
  const { kind, id, payload } = frame
  switch (kind) {
    case TO_GATEWAY.want:
      return { type: 'want', id, bytes: payload.readUInt32BE(0) }
    case TO_GATEWAY.done:
      return { type: 'done', id, tookMs: payload.readFloatBE(0) }
    case TO_GATEWAY.failure:
      return { type: 'failure', id, error: jsonOf(payload) }
    case TO_GATEWAY.text:
      return { type: 'event', id, event: { type: 'websocket.send', text: payload.toString() } }
    case TO_GATEWAY.bytes:
      return { type: 'event', id, event: { type: 'websocket.send', bytes: payload } }
    case TO_GATEWAY.event:
      return { type: 'event', id, event: eventOf(payload) }
    case TO_GATEWAY.watch:
      return { type: 'watch', id }
    case TO_GATEWAY.giveBack:
      return { type: 'giveBack', id }
    case TO_GATEWAY.publish:
      return publishOf(frame)
    case TO_GATEWAY.loaded:
      return { ...recordOf(payload), type: 'loaded' }
    case TO_GATEWAY.log:
      return { ...recordOf(payload), type: 'log' }
    case TO_GATEWAY.worn:
      return { ...recordOf(payload), type: 'worn' }
    default:
      throw new Error(`no frame of a host has the kind ${kind}`)
  }
}

// Invalid JSON would harm the consumers, so that it must not go further.
function publishOf({ flags, small, payload }: Frame): LinkMessage<ToRelay> {
  const start = 6 + payload.readUInt16BE(4)
  if (start > payload.length) throw new Error('the group of a publish is longer than its frame')
  const group = payload.toString('utf8', 6, start)
  const isBytes = (flags & IS_BYTES) !== 0
  const isDirect = group.startsWith(DIRECT_PREFIX)
  // A view would keep all bytes of the read that it came with.
  const message = isBytes
    ? new Uint8Array(payload.subarray(start))
    : payload.toString('utf8', start)
  const inner = isDirect ? readDirect(message).payload : message
  if (typeof inner === 'string') JSON.parse(inner)
  const lost = payload.readUInt32BE(0)
  return {
    type: 'link',
    channels: small,
    message: { type: 'publish', group, payload: message, lost },
  }
}

function eventOf(payload: Buffer): unknown {
  const end = 4 + payload.readUInt32BE(0)
  const event = recordOf(payload.subarray(4, end))
  const { type } = event
  const hasBody = typeof type === 'string' && type.endsWith('.body')
  return hasBody ? { ...event, body: payload.subarray(end) } : event
}

/** Returns the object that is written as JSON in `payload`. */
export function recordOf(payload: Buffer): Record<string, unknown> {
  const value = jsonOf(payload)
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new Error('a frame has JSON that is no object')
}

function jsonOf(payload: Buffer): unknown {
  return JSON.parse(payload.toString())
}
