// Encodes the messages to a host that is a process.

import { decodePath } from '../../../http/target.ts'
import { BROKEN, frameBytes, HAS_BODY, HEADER_BYTES, LAST, TO_HOST } from './frame.ts'
import type { ToClient } from '../../../channels/link/messages.ts'
import type { ReceiveEvent } from '../../../contract/events.ts'
import type {
  BodyMessage,
  ConnectionData,
  LinkMessage,
  OpenMessage,
  RequestMessage,
  ToHost,
} from '../messages.ts'

/** The bytes of a request before its text block. */
const REQUEST_BYTES = 20
/** JSON has no cycles, and no value of use is so deep. */
const MAX_DEPTH = 32

/** Called with the keys of values that JSON cannot write. */
type OnLeftOut = (key: string) => void

/** Returns the frame that opens the stream. `options` are those of the host. */
export function helloFrame(hello: Readonly<Record<string, unknown>>): Buffer {
  return jsonFrame(TO_HOST.hello, 0, hello)
}

/** Returns the frame that asks the host whether its event loop turns. */
export function pingFrame(question: number): Buffer {
  return frameBytes({ kind: TO_HOST.ping, id: question }, 0)
}

/**
 * Returns the frame of `message`.
 *
 * @throws Error if a string of the scope cannot cross
 */
export function toFrame(message: ToHost, onLeftOut: OnLeftOut): Buffer {
  switch (message.type) {
    case 'request':
      return requestFrame(message, onLeftOut)
    case 'open':
      return openFrame(message, onLeftOut)
    case 'body':
      return bodyFrame(message)
    case 'credit':
      return creditFrame(message.id, message.bytes)
    case 'cancel':
      return jsonFrame(TO_HOST.cancel, message.id, message.error)
    case 'warn':
      return jsonFrame(TO_HOST.warn, message.id, message.error)
    case 'state': {
      const { set, leftOut } = writable(message.set, onLeftOut)
      return jsonFrame(TO_HOST.state, 0, { set, unset: [...message.unset, ...leftOut] })
    }
    case 'stop':
      return frameBytes({ kind: TO_HOST.stop, id: 0 }, 0)
    case 'event':
      return eventFrame(message.id, message.event)
    case 'channels':
      return jsonFrame(TO_HOST.channels, 0, message.channels)
    case 'link':
      return acceptedFrame(message)
    case 'answer':
      throw new Error('a host that is a process makes no calls')
  }
}

// A host that is a process publishes only.
function acceptedFrame({ channels, message }: LinkMessage<ToClient>): Buffer {
  if (message.type !== 'accepted') throw new Error('a host that is a process follows no groups')
  const bytes = frameBytes({ kind: TO_HOST.accepted, id: 0, small: channels }, 4)
  bytes.writeUInt32BE(message.count, HEADER_BYTES)
  return bytes
}

function requestFrame(message: RequestMessage, onLeftOut: OnLeftOut): Buffer {
  const { id, scope, hasBody, bodyWindow, responseWindow, context } = message
  const strings = [scope.method, ...connectionStrings(scope)]
  const json = restOf(message, undefined, onLeftOut)
  const windows = [bodyWindow, responseWindow] as const
  const { deadline } = context.request
  const head = { kind: TO_HOST.request, id, flags: hasBody ? HAS_BODY : 0 }
  return scopeFrame(head, { strings, json, windows, deadline })
}

function openFrame(message: OpenMessage, onLeftOut: OnLeftOut): Buffer {
  const { id, scope, messageWindow } = message
  const strings = ['', ...connectionStrings(scope)]
  const json = restOf(message, orNone(scope.subprotocols), onLeftOut)
  const windows = [messageWindow, messageWindow] as const
  return scopeFrame({ kind: TO_HOST.open, id }, { strings, json, windows, deadline: undefined })
}

interface ScopeParts {
  strings: string[]
  json: string
  windows: readonly [number, number]
  deadline: number | undefined
}

function scopeFrame(
  head: { kind: number; id: number; flags?: number },
  { strings, json, windows, deadline }: ScopeParts,
): Buffer {
  const text = strings.join('\0')
  const jsonBytes = json === '' ? 0 : Buffer.byteLength(json)
  const length = REQUEST_BYTES + text.length + jsonBytes
  const bytes = frameBytes({ ...head, small: strings.length }, length)
  bytes.writeDoubleBE(deadline ?? 0, HEADER_BYTES)
  bytes.writeUInt32BE(windows[0], HEADER_BYTES + 8)
  bytes.writeUInt32BE(windows[1], HEADER_BYTES + 12)
  bytes.writeUInt32BE(text.length, HEADER_BYTES + 16)
  const textStart = HEADER_BYTES + REQUEST_BYTES
  bytes.write(text, textStart, 'latin1')
  if (json !== '') bytes.write(json, textStart + text.length)
  return bytes
}

function connectionStrings(scope: ConnectionData & { scheme: string }): string[] {
  const { rawPath, client, server } = scope
  const strings = [
    scope.scheme,
    scope.httpVersion,
    isDecoded(scope.path, rawPath) ? '' : encodeURI(scope.path),
    rawPath,
    scope.queryString,
    encodeURI(scope.rootPath),
    client?.[0] ?? '',
    String(client?.[1] ?? ''),
    server?.[0] ?? '',
    String(server?.[1] ?? ''),
  ]
  for (const [name, value] of scope.headers) strings.push(name, value)
  for (const value of strings) if (NOT_A_FIELD.test(value)) throw cannotBeWritten(value)
  return strings
}

// Middleware may have given the scope another path.
function isDecoded(path: string, rawPath: string): boolean {
  return path === rawPath ? !rawPath.includes('%') : path === decodePath(rawPath)
}

const NOT_A_FIELD = /[\0\u0100-\uffff]/

function cannotBeWritten(value: string): Error {
  return new Error(`the scope has a string that is no field of HTTP: ${JSON.stringify(value)}`)
}

// Most requests have none of these keys.
function restOf(
  { environ, scope, context, extensions }: RequestMessage | OpenMessage,
  subprotocols: readonly string[] | undefined,
  onLeftOut: OnLeftOut,
): string {
  const { added } = scope
  const { carried } = context
  const hasCarried = Object.keys(carried).length > 0
  if (!environ && !added && !extensions && !hasCarried && !subprotocols) return ''
  return JSON.stringify({
    ...(environ && { environ }),
    ...(added && { added: writable(added, onLeftOut).set }),
    ...(hasCarried && { carried: writable(carried, onLeftOut).set }),
    ...(extensions && { extensions: writable(extensions, onLeftOut).set }),
    ...(subprotocols && { subprotocols }),
  })
}

function orNone(list: readonly string[]): readonly string[] | undefined {
  return list.length > 0 ? list : undefined
}

/** Sorts the values of `record` by whether JSON can write them. */
function writable(
  record: Readonly<Record<string, unknown>>,
  onLeftOut: OnLeftOut,
): { set: Record<string, unknown>; leftOut: string[] } {
  const set: Record<string, unknown> = {}
  const leftOut: string[] = []
  for (const [key, value] of Object.entries(record)) {
    if (isWritable(value)) set[key] = value
    else leftOut.push(key)
  }
  for (const key of leftOut) onLeftOut(key)
  return { set, leftOut }
}

// Bytes, maps and dates have a form in JSON that no reader expects.
function isWritable(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      if (value === null) return true
      if (depth > MAX_DEPTH) return false
      if (Array.isArray(value)) return value.every((item) => isWritable(item, depth + 1))
      return isPlain(value) && Object.values(value).every((item) => isOptional(item, depth + 1))
    default:
      return false
  }
}

function isOptional(value: unknown, depth: number): boolean {
  return value === undefined || isWritable(value, depth)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function bodyFrame({ id, chunk, last, error }: BodyMessage): Buffer {
  if (error) return jsonFrame(TO_HOST.body, id, error, LAST | BROKEN)
  return bytesFrame({ kind: TO_HOST.body, id, flags: last ? LAST : 0 }, chunk)
}

function creditFrame(id: number, credit: number): Buffer {
  const bytes = frameBytes({ kind: TO_HOST.credit, id }, 4)
  bytes.writeUInt32BE(credit, HEADER_BYTES)
  return bytes
}

function eventFrame(id: number, event: ReceiveEvent): Buffer {
  if (event.type !== 'websocket.receive') {
    const json = Buffer.from(JSON.stringify(event))
    const bytes = frameBytes({ kind: TO_HOST.event, id }, 4 + json.length)
    bytes.writeUInt32BE(json.length, HEADER_BYTES)
    json.copy(bytes, HEADER_BYTES + 4)
    return bytes
  }
  const { text, bytes } = event
  if (bytes) return bytesFrame({ kind: TO_HOST.bytes, id }, bytes)
  return bytesFrame({ kind: TO_HOST.text, id }, Buffer.from(text ?? ''))
}

function bytesFrame(
  head: { kind: number; id: number; flags?: number },
  payload: Uint8Array,
): Buffer {
  const bytes = frameBytes(head, payload.length)
  bytes.set(payload, HEADER_BYTES)
  return bytes
}

function jsonFrame(kind: number, id: number, value: unknown, flags = 0): Buffer {
  return bytesFrame({ kind, id, flags }, Buffer.from(JSON.stringify(value)))
}
