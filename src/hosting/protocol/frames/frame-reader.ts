// Finds the frames in a stream of bytes.

import { HEADER_BYTES } from './frame.ts'
import type { Frame } from './frame.ts'

/** A frame is not longer than this: a WebSocket message of the longest limit, or a part of a response. */
const MAX_PAYLOAD_BYTES = 2 ** 30

const NOTHING: Buffer = Buffer.alloc(0)

/** Takes the bytes of a stream, and keeps the start of a frame until its end arrives. */
export class FrameReader {
  #rest: Buffer = NOTHING
  // A frame that is longer than one read: its bytes, and how many have come.
  #long: Buffer | undefined
  #filled = 0

  /**
   * Returns the frames that are whole now.
   *
   * @throws Error if a frame is longer than 1 GiB
   */
  read(bytes: Buffer): Frame[] {
    const frames: Frame[] = []
    const rest = this.#long ? this.#fill(bytes, frames) : this.#joined(bytes)
    this.#split(rest, frames)
    return frames
  }

  #joined(bytes: Buffer): Buffer {
    return this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
  }

  // Returns the bytes after the long frame.
  #fill(bytes: Buffer, frames: Frame[]): Buffer {
    const long = this.#long as Buffer
    const taken = Math.min(bytes.length, long.length - this.#filled)
    bytes.copy(long, this.#filled, 0, taken)
    this.#filled += taken
    if (this.#filled < long.length) return NOTHING
    this.#long = undefined
    frames.push(frameOf(long, 0, long.length))
    return bytes.subarray(taken)
  }

  #split(bytes: Buffer, frames: Frame[]): void {
    let at = 0
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + lengthAt(bytes, at)
      if (end > bytes.length) break
      frames.push(frameOf(bytes, at, end))
      at = end
    }
    this.#keep(bytes.subarray(at))
  }

  #keep(rest: Buffer): void {
    this.#rest = rest
    if (rest.length < HEADER_BYTES) return
    this.#long = Buffer.allocUnsafeSlow(HEADER_BYTES + lengthAt(rest, 0))
    this.#filled = rest.copy(this.#long)
    this.#rest = NOTHING
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at)
  if (length > MAX_PAYLOAD_BYTES) throw new Error(`a frame has ${length} bytes: the limit is 1 GiB`)
  return length
}

function frameOf(bytes: Buffer, at: number, end: number): Frame {
  return {
    kind: bytes[at + 4] as number,
    flags: bytes[at + 5] as number,
    small: bytes.readUInt16BE(at + 6),
    id: bytes.readUInt32BE(at + 8) * 2 ** 32 + bytes.readUInt32BE(at + 12),
    payload: bytes.subarray(at + HEADER_BYTES, end),
  }
}
