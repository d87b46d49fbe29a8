// Checks the messages of a host: a gateway serves many hosts, and one that breaks the protocol harms only itself.

import type { ToRelay } from '../../channels/link/messages.ts'
import type { FromHost } from './messages.ts'

type Fields = Readonly<Record<string, unknown>>

const CHECKS: Readonly<Record<FromHost['type'], (fields: Fields) => boolean>> = {
  part: ({ id, chunk, head }) => isNumber(id) && isChunk(chunk) && (head === null || isHead(head)),
  done: ({ id, tookMs }) => isNumber(id) && isNumber(tookMs),
  want: ({ id, bytes }) => isNumber(id) && isNumber(bytes),
  failure: ({ id, error }) => isNumber(id) && isRecord(error),
  call: ({ id, app, message }) =>
    isNumber(id) && (app === 'inner' || isRecord(app)) && isRecord(message),
  log: ({ level, fields, error }) =>
    (level === 'info' || level === 'warn' || level === 'error') &&
    isRecord(fields) &&
    isErrorOrNull(error),
  loaded: ({ runs, error }) => (runs === 'inTurn' || runs === 'sideBySide') && isErrorOrNull(error),
  watch: ({ id }) => isNumber(id),
  event: ({ id, event }) => isNumber(id) && isRecord(event),
  worn: ({ left }) => isRecord(left),
  giveBack: ({ id }) => isNumber(id),
  link: ({ channels, message }) => isNumber(channels) && isRecord(message) && isToRelay(message),
}

const TO_RELAY: Readonly<Record<ToRelay['type'], (fields: Fields) => boolean>> = {
  publish: ({ group, payload, lost }) =>
    isText(group) && isPayload(payload) && isNumber(lost) && Number(lost) >= 0,
  follow: ({ id, group }) => isNumber(id) && isText(group),
  unfollow: ({ group }) => isText(group),
  read: ({ id, group, since }) =>
    isNumber(id) && isText(group) && (since === null || isPosition(since)),
  taken: ({ count, bytes }) => isNumber(count) && isNumber(bytes),
}

/**
 * Returns `message` if it is a message of a host.
 *
 * @throws Error if it is not
 */
export function checkedFromHost(message: unknown): FromHost {
  const type = isRecord(message) ? message['type'] : undefined
  const check = isKeyOf(CHECKS, type) ? CHECKS[type] : undefined
  if (check?.(message as Fields)) return message as FromHost
  throw new Error(`no message of a host has this form (type ${String(type)})`)
}

function isToRelay(message: Fields): boolean {
  const { type } = message
  return isKeyOf(TO_RELAY, type) && TO_RELAY[type](message)
}

function isKeyOf<Key extends string>(
  record: Readonly<Record<Key, unknown>>,
  key: unknown,
): key is Key {
  return typeof key === 'string' && Object.hasOwn(record, key)
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isPayload(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array
}

function isPosition(value: unknown): boolean {
  return isRecord(value) && isText(value['epoch']) && isNumber(value['offset'])
}

function isChunk(value: unknown): boolean {
  return value === null || typeof value === 'string' || value instanceof Uint8Array
}

// The server checks status and fields before it sends them.
function isHead(value: unknown): boolean {
  return isRecord(value) && isNumber(value['status']) && Array.isArray(value['headers'])
}

function isErrorOrNull(value: unknown): boolean {
  return value === null || isRecord(value)
}
