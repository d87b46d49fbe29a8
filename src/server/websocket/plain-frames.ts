// Reads the frames that clients send most: whole ones, each a short message, a ping or a pong. The package `ws` reads the
// others.

import { Buffer, isUtf8 } from 'node:buffer'

/** The receiver of the frames. False: the reader stops after this frame. */
export interface FrameSink {
  onMessage(message: string | Uint8Array): boolean
  /** False: `ws` has to read the ping. */
  onPing(payload: Buffer): boolean
}

// The longest payload of a plain frame.
const MAX_PLAIN_BYTES = 16 * 1024

const FINAL = 0x80
const MASKED = 0x80
const TEXT = FINAL | 0x1
const BINARY = FINAL | 0x2
const PING = FINAL | 0x9
const PONG = FINAL | 0xa
const MAX_CONTROL_BYTES = 125
const LENGTH_IN_TWO_BYTES = 126
const MASK_BYTES = 4

const NOT_WHOLE = -1
const NOT_PLAIN = -2

// The payload of the frame that is read now. `ws` may have to read the frame again, so its own bytes stay masked.
const payload = Buffer.allocUnsafeSlow(MAX_PLAIN_BYTES)

/**
 * Reads plain frames from the front of `bytes`, up to the first frame that is not whole or not plain. A frame with a fault
 * is not plain: the fault is for `ws` to find.
 *
 * @param maxBytes the longest message that the server takes; frames above 16 KiB are not plain anyway
 * @returns the index `at` of the first byte that was not read, if more bytes may complete its frame; `-1 - at` if the bytes
 *   from `at` on are for `ws`
 * @see RFC 6455, 5.2
 */
export function readPlainFrames(bytes: Buffer, maxBytes: number, sink: FrameSink): number {
  let at = 0
  while (at < bytes.length) {
    const end = endOfFrame(bytes, at, maxBytes)
    if (end === NOT_WHOLE) return at
    if (end === NOT_PLAIN) return -1 - at
    const opcode = bytes[at]
    const from = at + ((bytes[at + 1] as number) === (MASKED | LENGTH_IN_TWO_BYTES) ? 4 : 2)
    const size = end - from - MASK_BYTES
    if (opcode === TEXT) {
      const text = textOf(bytes, from, size)
      if (text === undefined) return -1 - at
      if (!sink.onMessage(text)) return -1 - end
    } else if (opcode === BINARY) {
      unmask(bytes, from, size)
      if (!sink.onMessage(Buffer.from(payload.subarray(0, size)))) return -1 - end
    } else if (opcode === PING) {
      unmask(bytes, from, size)
      if (!sink.onPing(payload.subarray(0, size))) return -1 - at
    }
    at = end
  }
  return at
}

/** The index after the frame at `at`. */
function endOfFrame(bytes: Buffer, at: number, maxBytes: number): number {
  const opcode = bytes[at]
  if (opcode !== TEXT && opcode !== BINARY && opcode !== PING && opcode !== PONG) return NOT_PLAIN
  const second = bytes[at + 1]
  if (second === undefined) return NOT_WHOLE
  if (second < MASKED) return NOT_PLAIN

  let size = second - MASKED
  let start = at + 2
  if (size >= LENGTH_IN_TWO_BYTES) {
    if (size > LENGTH_IN_TWO_BYTES) return NOT_PLAIN
    if (bytes.length < start + 2) return NOT_WHOLE
    size = bytes.readUInt16BE(start)
    start += 2
  }
  if (size > maxBytes || size > MAX_PLAIN_BYTES) return NOT_PLAIN
  if (size > MAX_CONTROL_BYTES && (opcode === PING || opcode === PONG)) return NOT_PLAIN
  const end = start + MASK_BYTES + size
  return end <= bytes.length ? end : NOT_WHOLE
}

/** The text of the payload whose mask is at `from`; undefined if it is not UTF-8. */
function textOf(bytes: Buffer, from: number, size: number): string | undefined {
  const bits = unmask(bytes, from, size)
  // ASCII is the same in latin-1, from which a string is made without a check of the bytes.
  if (bits < 0x80) return payload.toString('latin1', 0, size)
  return isUtf8(payload.subarray(0, size)) ? payload.toString('utf8', 0, size) : undefined
}

/** Copies a payload without its mask, which is at `from`. Returns all bits that are set in any of its bytes. */
function unmask(bytes: Buffer, from: number, size: number): number {
  const start = from + MASK_BYTES
  const m0 = bytes[from] as number
  const m1 = bytes[from + 1] as number
  const m2 = bytes[from + 2] as number
  const m3 = bytes[from + 3] as number
  let bits = 0
  let at = 0
  // Four bytes in a step: a loop over single bytes takes twice the time.
  for (; at + 3 < size; at += MASK_BYTES) {
    const from4 = start + at
    const a = (bytes[from4] as number) ^ m0
    const b = (bytes[from4 + 1] as number) ^ m1
    const c = (bytes[from4 + 2] as number) ^ m2
    const d = (bytes[from4 + 3] as number) ^ m3
    payload[at] = a
    payload[at + 1] = b
    payload[at + 2] = c
    payload[at + 3] = d
    bits |= a | b | c | d
  }
  for (; at < size; at += 1) {
    const byte = (bytes[start + at] as number) ^ (bytes[from + (at & 3)] as number)
    payload[at] = byte
    bits |= byte
  }
  return bits
}
