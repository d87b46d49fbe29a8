// One message as one frame, from a server.

const FINAL = 0x80
const TEXT = 0x1
const BINARY = 0x2
const PONG = 0xa
const LENGTH_IN_TWO_BYTES = 126
const LENGTH_IN_EIGHT_BYTES = 127
const MAX_IN_TWO_BYTES = 0xffff

/** The frame of a ping without a payload. */
export const PING_FRAME: Buffer = Buffer.from([0x89, 0])

let lastText = ''
let lastFrame = textFrame('')

/**
 * The unmasked frame of a whole message: text for a string, binary for bytes. The frame holds a copy of the bytes. Text
 * that is sent to many sockets is encoded once, so the caller does not change the frame.
 *
 * @param message at most 65,535 bytes, text in UTF-8
 * @see RFC 6455, 5.2
 */
export function messageFrame(message: string | Uint8Array): Buffer {
  if (typeof message !== 'string') return bytesFrame(BINARY, message)
  // Texts of different lengths, or with an early difference, cost no more than a look at their first characters.
  if (message !== lastText) {
    lastFrame = textFrame(message)
    lastText = message
  }
  return lastFrame
}

/** The bytes before the payload of a whole message. */
export function messageHead(isText: boolean, size: number): Buffer {
  return framed(isText ? TEXT : BINARY, size, 0)
}

/** The frame of a pong. It holds a copy of `payload`, which has at most 125 bytes. */
export function pongFrame(payload: Uint8Array): Buffer {
  return bytesFrame(PONG, payload)
}

function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text)
  const frame = framed(TEXT, size, size)
  frame.write(text, frame.length - size)
  return frame
}

function bytesFrame(opcode: number, bytes: Uint8Array): Buffer {
  const frame = framed(opcode, bytes.byteLength, bytes.byteLength)
  frame.set(bytes, frame.length - bytes.byteLength)
  return frame
}

/** A head that announces `size` bytes, and memory for `room` bytes after it. */
function framed(opcode: number, size: number, room: number): Buffer {
  if (size < LENGTH_IN_TWO_BYTES) {
    const frame = Buffer.allocUnsafe(2 + room)
    frame[0] = FINAL | opcode
    frame[1] = size
    return frame
  }
  const isLong = size > MAX_IN_TWO_BYTES
  const frame = Buffer.allocUnsafe((isLong ? 10 : 4) + room)
  frame[0] = FINAL | opcode
  frame[1] = isLong ? LENGTH_IN_EIGHT_BYTES : LENGTH_IN_TWO_BYTES
  if (isLong) frame.writeBigUInt64BE(BigInt(size), 2)
  else frame.writeUInt16BE(size, 2)
  return frame
}
