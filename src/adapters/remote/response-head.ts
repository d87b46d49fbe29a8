// The head of a response on the way from a target to a client.

import { listHasToken } from '../../http/list.ts'
import { HOP_BY_HOP, namedFields } from './hop-by-hop.ts'
import type { HeaderPairs } from '../../contract/events.ts'

/** The head of a response without the fields of its connection. */
export interface PassedHead {
  headers: HeaderPairs
  /** The Content-Length; -1 without one. */
  length: number
  /** The body comes in chunks, so that trailers may follow it. */
  isChunked: boolean
  /** The value of Transfer-Encoding if it names a coding beside `chunked`, which the client would not undo. */
  foreignCoding: string | undefined
}

/** Names and values as bytes of latin-1, or as text. */
type RawFields = ReadonlyArray<Uint8Array | string>

/** Reads the fields of a response, in a list in which names and values alternate. */
export function responseHead(raw: RawFields): PassedHead {
  const head: PassedHead = { headers: [], length: -1, isChunked: false, foreignCoding: undefined }
  let connection: string | undefined
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = nameOf(latin1(raw[at]!))
    const value = latin1(raw[at + 1]!)
    if (name === 'content-length') head.length = Number(value)
    else if (name === 'connection') connection = join(connection, value)
    else if (name === 'transfer-encoding') takeCoding(head, value)
    if (!HOP_BY_HOP.has(name)) head.headers.push([name, value])
  }
  if (connection !== undefined) dropNamed(head, connection)
  // RFC 9112, 6.3: Transfer-Encoding overrides Content-Length.
  if (head.isChunked && head.length >= 0) dropLength(head)
  return head
}

/** The trailers of a response, without fields of its connection. */
export function responseTrailers(raw: RawFields): HeaderPairs {
  return responseHead(raw).headers
}

/** The values of the Link fields of a response, for an early hint. */
export function linksOf(raw: RawFields): string[] {
  return responseHead(raw).headers.flatMap(([name, value]) => (name === 'link' ? [value] : []))
}

function takeCoding(head: PassedHead, value: string): void {
  head.isChunked = true
  if (value.toLowerCase() === 'chunked') return
  if (listHasToken(value, 'identity') && !value.includes(',')) return
  head.foreignCoding = value
}

function dropNamed(head: PassedHead, connection: string): void {
  const named = namedFields(connection)
  if (named) head.headers = head.headers.filter(([name]) => !named.has(name))
}

function dropLength(head: PassedHead): void {
  head.length = -1
  head.headers = head.headers.filter(([name]) => name !== 'content-length')
}

function join(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}

// Targets repeat a few names, so a look-up replaces the change of case.
const knownNames = new Map<string, string>()
const MAX_KNOWN_NAMES = 256
const MAX_KNOWN_LENGTH = 64

function nameOf(text: string): string {
  const known = knownNames.get(text)
  if (known !== undefined) return known
  const name = text.toLowerCase()
  if (knownNames.size < MAX_KNOWN_NAMES && text.length <= MAX_KNOWN_LENGTH)
    knownNames.set(text, name)
  return name
}

// The types of Node lack this method, which costs half of toString().
type Latin1Buffer = Uint8Array & { latin1Slice(start: number, end: number): string }

function latin1(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes
  return (bytes as Latin1Buffer).latin1Slice(0, bytes.byteLength)
}
