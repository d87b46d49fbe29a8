// The bytes of messages in Redis. An entry is one message; a frame is the entries of one group that are published at once.

import type { Position } from '../../contract/channels.ts'
import type { Envelope, Payload } from '../broker.ts'

const COLON = 0x3a
const NEWLINE = 0x0a
const TEXT = 0x74
const UNKNOWN = '?'

/** A message on its way to Redis. */
export interface Outgoing {
  readonly payload: Payload
  /** The messages of this group that are lost before this one; null if the number is not known. */
  lost: number | null
}

/** The entry of a message: `t:` and text, or `b:` and bytes. The lost messages before it stand in front of the colon. */
export function entryOf({ payload, lost }: Outgoing): string | Buffer {
  const count = lost === 0 ? '' : String(lost ?? UNKNOWN)
  if (typeof payload === 'string') return `t${count}:${payload}`
  return Buffer.concat([Buffer.from(`b${count}:`), payload])
}

/** The frame of entries without a place: a line end, and for each entry its length in bytes, a colon and the entry. */
export function frameOf(entries: ReadonlyArray<string | Buffer>): string | Buffer {
  if (entries.every((entry) => typeof entry === 'string')) {
    return `\n${entries.map((entry) => `${Buffer.byteLength(entry)}:${entry}`).join('')}`
  }
  const parts: Buffer[] = [Buffer.from('\n')]
  for (const entry of entries)
    parts.push(Buffer.from(`${Buffer.byteLength(entry)}:`), bytesOf(entry))
  return Buffer.concat(parts)
}

/** Takes a frame apart; null if the bytes are no frame. */
export function readFrame(group: string, frame: Buffer): Envelope[] | null {
  const end = frame.indexOf(NEWLINE)
  if (end === -1) return null
  let position = readPosition(frame.toString('latin1', 0, end))
  if (position === undefined) return null
  const envelopes: Envelope[] = []
  for (let at = end + 1; at < frame.length;) {
    const colon = frame.indexOf(COLON, at)
    const length = Number(frame.toString('latin1', at, colon))
    at = colon + 1 + length
    if (colon === -1 || !(length > 0) || at > frame.length) return null
    const envelope = readEntry(group, frame.subarray(colon + 1, at), position)
    if (!envelope) return null
    envelopes.push(envelope)
    if (position) position = { epoch: position.epoch, offset: position.offset + 1 }
  }
  return envelopes
}

/** The message of an entry; null if the bytes are no entry. */
export function readEntry(
  group: string,
  entry: Buffer,
  position: Position | null,
): Envelope | null {
  const colon = entry.indexOf(COLON)
  if (colon === -1) return null
  const count = entry.toString('latin1', 1, colon)
  const lost = count === UNKNOWN ? null : Number(count)
  if (Number.isNaN(lost)) return null
  // The copy lets the buffer of the socket go.
  const payload =
    entry[0] === TEXT
      ? entry.toString('utf8', colon + 1)
      : Uint8Array.from(entry.subarray(colon + 1))
  return { group, payload, position, lost }
}

// `<epoch>.<offset>`; nothing for a group without a history.
function readPosition(text: string): Position | null | undefined {
  if (text === '') return null
  const dot = text.lastIndexOf('.')
  const offset = Number(text.slice(dot + 1))
  if (dot < 1 || !Number.isSafeInteger(offset)) return undefined
  return { epoch: text.slice(0, dot), offset }
}

function bytesOf(entry: string | Buffer): Buffer {
  return typeof entry === 'string' ? Buffer.from(entry) : entry
}
