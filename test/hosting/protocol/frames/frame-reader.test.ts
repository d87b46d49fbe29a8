// The frames in a stream of bytes: the same ones, however the stream is cut.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameBytes, HEADER_BYTES } from '../../../../src/hosting/protocol/frames/frame.ts'
import { FrameReader } from '../../../../src/hosting/protocol/frames/frame-reader.ts'
import type { Frame } from '../../../../src/hosting/protocol/frames/frame.ts'

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // Longer than one read.
  fc.constantFrom(0, 1, 15, 16, 17, 3_000).map((length) => new Uint8Array(length).fill(length)),
)
const frame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.nat(255),
  flags: fc.nat(255),
  small: fc.nat(65_535),
  id: fc.oneof(fc.nat(9), fc.maxSafeNat()),
  payload: payload.map((bytes) => Buffer.from(bytes)),
})

function bytesOf(one: Frame): Buffer {
  const bytes = frameBytes(one, one.payload.length)
  one.payload.copy(bytes, HEADER_BYTES)
  return bytes
}

/** The frames of `reads`, copied: a payload belongs to the reader until the next read. */
function framesOf(reads: readonly Buffer[]): Frame[] {
  const reader = new FrameReader()
  return reads.flatMap((bytes) =>
    reader.read(bytes).map((one) => ({ ...one, payload: Buffer.from(one.payload) })),
  )
}

/** `bytes` in pieces that end at the places `cuts`. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length]
  const sorted = ends.toSorted((a, b) => a - b)
  return sorted.map((end, at) => bytes.subarray(sorted[at - 1] ?? 0, end))
}

describe('a reader of frames', () => {
  it('finds the same frames, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (frames, cuts) => {
          const reads = pieces(Buffer.concat(frames.map(bytesOf)), cuts)
          expect(framesOf(reads)).toEqual(frames)
        },
      ),
    )
  })

  it('finds them also byte by byte', () => {
    const frames = [7, 0, 300].map((length, id) => ({
      kind: 68,
      flags: 1,
      small: 200,
      id,
      payload: Buffer.alloc(length, id),
    }))
    const bytes = Buffer.concat(frames.map(bytesOf))
    expect(framesOf([...bytes].map((_, at) => bytes.subarray(at, at + 1)))).toEqual(frames)
  })

  it('keeps the start of a frame until its end arrives', () => {
    const bytes = bytesOf({ kind: 70, flags: 0, small: 0, id: 1, payload: Buffer.from('done') })
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const reader = new FrameReader()
      expect(reader.read(bytes.subarray(0, cut))).toEqual([])
      expect(reader.read(bytes.subarray(cut))).toHaveLength(1)
    }
  })

  it('refuses a frame above 1 GiB as soon as its header is there', () => {
    const bytes = Buffer.alloc(HEADER_BYTES)
    bytes.writeUInt32BE(2 ** 30 + 1, 0)
    expect(() => new FrameReader().read(bytes)).toThrow(
      `a frame has ${2 ** 30 + 1} bytes: the limit is 1 GiB`,
    )
    const reader = new FrameReader()
    expect(reader.read(bytes.subarray(0, HEADER_BYTES - 1))).toEqual([])
    expect(() => reader.read(bytes.subarray(HEADER_BYTES - 1))).toThrow('the limit is 1 GiB')
  })
})
