// Checks of the fields of the events that a WebSocket app sends, so that malformed ones never reach the wire.

import { IllegalEventError, InvalidHeaderError } from '../errors.ts'
import { checkedHeaders } from '../http/headers.ts'
import { nameOf } from '../name-of.ts'
import type { ChannelEvent } from '../contract/channels.ts'
import type { HeaderPairs, WebSocketCloseEvent, WebSocketSendEvent } from '../contract/events.ts'

const MAX_REASON_BYTES = 123
const RESERVED_CODES = new Set([1004, 1005, 1006])
// RFC 9110, 7.6.1 and 8.6: a 101 has no body, and its upgrade is the server's task.
const SERVER_FIELDS = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The event that sends a message: a string, bytes, or the JSON text of an event of a group. */
export function sendEventOf(message: string | Uint8Array | ChannelEvent): WebSocketSendEvent {
  if (typeof message === 'string') return { type: 'websocket.send', text: message }
  // The exchange refuses other values.
  return 'text' in Object(message)
    ? { type: 'websocket.send', text: (message as ChannelEvent).text }
    : { type: 'websocket.send', bytes: message as Uint8Array }
}

/**
 * The message of a `websocket.send`: text or bytes.
 *
 * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) unless the event has exactly one of the two
 */
export function checkedMessage(event: WebSocketSendEvent): string | Uint8Array {
  const text: unknown = event.text ?? null
  const bytes: unknown = event.bytes ?? null
  if ((text === null) === (bytes === null)) {
    throw new IllegalEventError('websocket.send needs exactly one of text and bytes')
  }
  if (text !== null && typeof text !== 'string') {
    throw new IllegalEventError(`text of websocket.send must be a string, got ${typeof text}`)
  }
  if (bytes !== null && !(bytes instanceof Uint8Array)) {
    throw new IllegalEventError(`bytes of websocket.send must be a Uint8Array, got ${typeof bytes}`)
  }
  return (text ?? bytes) as string | Uint8Array
}

/**
 * The code (default 1000) and the reason (default empty) of a `websocket.close`.
 *
 * @throws {@link IllegalEventError} (`ISTHMUS_ILLEGAL_EVENT`) for a code or a reason that the protocol forbids
 * @see RFC 6455, 5.5 and 7.4
 */
export function checkedClose(event: WebSocketCloseEvent): { code: number; reason: string } {
  const code = event.code ?? 1000
  const reason = event.reason ?? ''
  if (!mayBeSent(code)) {
    throw new IllegalEventError(
      `the code of websocket.close must be 1000 to 1014 without 1004 to 1006, or 3000 to 4999, got ${nameOf(code)}`,
    )
  }
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > MAX_REASON_BYTES) {
    throw new IllegalEventError(
      `the reason of websocket.close must be a string of at most ${MAX_REASON_BYTES} bytes in UTF-8`,
    )
  }
  return { code, reason }
}

/**
 * The headers that a `websocket.accept` adds to the 101, names in lower case.
 *
 * @throws {@link InvalidHeaderError} (`ISTHMUS_INVALID_HEADER`) for a malformed header, or one that only the server sets
 */
export function checkedHandshakeHeaders(headers: HeaderPairs): HeaderPairs {
  const checked = checkedHeaders(headers)
  for (const [name] of checked) {
    if (!name.startsWith('sec-websocket-') && !SERVER_FIELDS.has(name)) continue
    throw new InvalidHeaderError(
      `only the server sets header "${name}" of websocket.accept; pass a subprotocol as \`subprotocol\``,
    )
  }
  return checked
}

function mayBeSent(code: number): boolean {
  if (!Number.isInteger(code) || RESERVED_CODES.has(code)) return false
  return (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999)
}
