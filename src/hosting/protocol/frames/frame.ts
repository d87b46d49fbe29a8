// The form of a frame: a header of 16 bytes and a payload. See docs/host-protocol.md, "The byte encoding".

/** The version of the byte encoding. */
export const PROTOCOL_VERSION = 1

export const HEADER_BYTES = 16

/** The kinds of the frames to a host. */
export const TO_HOST = {
  hello: 1,
  request: 2,
  open: 3,
  body: 4,
  credit: 5,
  cancel: 6,
  warn: 7,
  state: 8,
  stop: 9,
  text: 10,
  bytes: 11,
  event: 12,
  ping: 13,
  channels: 14,
  accepted: 15,
} as const

/** The kinds of the frames to a gateway. */
export const TO_GATEWAY = {
  hello: 65,
  loaded: 66,
  want: 67,
  part: 68,
  failure: 69,
  done: 70,
  log: 71,
  text: 72,
  bytes: 73,
  event: 74,
  watch: 75,
  worn: 76,
  giveBack: 77,
  pong: 78,
  publish: 79,
} as const

/** The flags of a request. */
export const HAS_BODY = 1
/** The flags of a piece of a body. */
export const LAST = 1
export const BROKEN = 2
/** The flags of a part. */
export const HAS_HEAD = 1
export const END = 2
export const DONE = 4

/** The flag of a publish: the message is bytes, and no JSON. */
export const IS_BYTES = 1

/** One frame. */
export interface Frame {
  kind: number
  flags: number
  /** The meaning depends on the kind. */
  small: number
  id: number
  payload: Buffer
}

/** Returns the bytes of a frame. `write` fills the payload, from `HEADER_BYTES` on. */
export function frameBytes(
  head: Pick<Frame, 'kind' | 'id'> & Partial<Frame>,
  length: number,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + length)
  bytes.writeUInt32BE(length, 0)
  bytes[4] = head.kind
  bytes[5] = head.flags ?? 0
  bytes.writeUInt16BE(head.small ?? 0, 6)
  // A number above 2 ** 53 is no id.
  bytes.writeUInt32BE(Math.floor(head.id / 2 ** 32), 8)
  bytes.writeUInt32BE(head.id >>> 0, 12)
  return bytes
}
