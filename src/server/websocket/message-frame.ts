// One message as one frame, from a server.

const FINAL = 0x80
const TEXT = 0x1
const BINARY = 0x2
const LENGTH_IN_TWO_BYTES = 126

/**
 * The unmasked frame of a whole message: text for a string, binary for bytes. The frame holds a copy of the bytes.
 *
 * @param message at most 65,535 bytes, text in UTF-8
 * @see RFC 6455, 5.2
 */
export function messageFrame(message: string | Uint8Array): Buffer {
  const isText = typeof message === 'string'
  const size = isText ? Buffer.byteLength(message) : message.byteLength
  const isShort = size < LENGTH_IN_TWO_BYTES
  const start = isShort ? 2 : 4
  const frame = Buffer.allocUnsafe(start + size)
  frame[0] = FINAL | (isText ? TEXT : BINARY)
  frame[1] = isShort ? size : LENGTH_IN_TWO_BYTES
  if (!isShort) frame.writeUInt16BE(size, 2)
  if (isText) frame.write(message, start)
  else frame.set(message, start)
  return frame
}
