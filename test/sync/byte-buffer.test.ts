// The queue of bytes equals a plain concatenation for any order of calls, and takes linear time.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteBuffer } from '../../src/sync/byte-buffer.ts'

const SEED = 20_260_101
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('latin1')

function bufferOf(...chunks: string[]): ByteBuffer {
  const buffer = new ByteBuffer()
  for (const chunk of chunks) buffer.append(bytesOf(chunk))
  return buffer
}

describe('ByteBuffer', () => {
  it('is empty at first', () => {
    const buffer = new ByteBuffer()
    expect(buffer.length).toBe(0)
    expect(buffer.take(5)).toHaveLength(0)
    expect(buffer.takeAll()).toHaveLength(0)
    expect(buffer.takeLine()).toBeUndefined()
  })

  it('takes bytes across chunks, and no more than the buffer has', () => {
    const buffer = bufferOf('ab', 'cd', 'ef')
    expect(textOf(buffer.take(3))).toBe('abc')
    expect(textOf(buffer.take(99))).toBe('def')
    expect(buffer.length).toBe(0)
  })

  it('takes a line that is spread over chunks', () => {
    const buffer = bufferOf('a', 'b\nc')
    expect(textOf(buffer.takeLine())).toBe('ab\n')
    expect(buffer.takeLine()).toBeUndefined()
    buffer.append(bytesOf('\n'))
    expect(textOf(buffer.takeLine())).toBe('c\n')
  })

  it('takes the first bytes of a line that is longer than the limit', () => {
    const buffer = bufferOf('abc\nd')
    expect(textOf(buffer.takeLine(2))).toBe('ab')
    expect(textOf(buffer.takeLine(2))).toBe('c\n')
    expect(buffer.takeLine(2)).toBeUndefined()
    expect(textOf(buffer.takeLine(1))).toBe('d')
  })

  it('takes nothing of a line with limit 0', () => {
    const buffer = bufferOf('a')
    expect(buffer.takeLine(0)).toHaveLength(0)
    expect(buffer.length).toBe(1)
  })

  it('does not find a newline in memory outside of its bytes', () => {
    // The block of two chunks has spare room. The old memory there is not part of the line.
    for (let round = 0; round < 200; round += 1) {
      const buffer = bufferOf('x'.repeat(700), 'y'.repeat(round + 1))
      expect(buffer.takeLine()).toBeUndefined()
    }
  })

  it('does not change taken bytes when more are appended', () => {
    const buffer = bufferOf('ab', 'cd')
    const first = buffer.take(3)
    for (let round = 0; round < 50; round += 1) buffer.append(bytesOf('zz'))
    expect(textOf(first)).toBe('abc')
  })

  it('never writes into an appended chunk', () => {
    const memory = bytesOf('abXX')
    const buffer = new ByteBuffer()
    buffer.append(memory.subarray(0, 2))
    buffer.append(bytesOf('cd'))
    expect(textOf(memory)).toBe('abXX')
    expect(textOf(buffer.takeAll())).toBe('abcd')
  })

  it('returns Buffers, also for Uint8Arrays', () => {
    const buffer = bufferOf('abc')
    expect(Buffer.isBuffer(buffer.take(1))).toBe(true)
    expect(Buffer.isBuffer(buffer.takeAll())).toBe(true)
    expect(Buffer.isBuffer(buffer.takeAll())).toBe(true)
  })

  it('takes a 16 MiB line that came in 64-byte chunks, with a call after each', () => {
    // Quadratic work would be 2^41 steps here, too many for the time limit of the test.
    const buffer = new ByteBuffer()
    const chunk = new Uint8Array(64).fill(0x61)
    for (let count = 0; count < 262_144; count += 1) {
      buffer.append(chunk)
      if (buffer.takeLine() !== undefined) throw new Error('a line without a newline')
    }
    buffer.append(bytesOf('\n'))
    expect(buffer.takeLine()).toHaveLength(16_777_217)
  })

  it('takes a line byte by byte, and searches it once', () => {
    const buffer = new ByteBuffer()
    buffer.append(new Uint8Array(4_194_304).fill(0x61))
    buffer.append(bytesOf('\n'))
    let taken = 0
    while (buffer.takeLine(1) !== undefined) taken += 1
    expect(taken).toBe(4_194_305)
  })

  it('equals a string, for any sequence of operations', () => {
    const chunk = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 })
    const size = fc.nat(15)
    const operation = fc.oneof(
      chunk.map((text) => ({ kind: 'append' as const, text })),
      size.map((size) => ({ kind: 'take' as const, size })),
      fc.option(size, { nil: undefined }).map((limit) => ({ kind: 'takeLine' as const, limit })),
      fc.constant({ kind: 'takeAll' as const }),
    )
    const operations = fc.array(operation, { maxLength: 60, size: 'max' })

    const property = fc.property(operations, (operations) => {
      const buffer = new ByteBuffer()
      let model = ''
      const modelTake = (size: number): string => {
        const taken = model.slice(0, size)
        model = model.slice(size)
        return taken
      }
      const modelLine = (limit = Infinity): string | undefined => {
        const end = model.indexOf('\n')
        const size = Math.min(end < 0 ? Infinity : end + 1, limit)
        return size > model.length ? undefined : modelTake(size)
      }

      for (const step of operations) {
        switch (step.kind) {
          case 'append':
            buffer.append(bytesOf(step.text))
            model += step.text
            break
          case 'take':
            expect(textOf(buffer.take(step.size))).toBe(modelTake(step.size))
            break
          case 'takeLine':
            expect(textOf(buffer.takeLine(step.limit))).toBe(modelLine(step.limit))
            break
          case 'takeAll':
            expect(textOf(buffer.takeAll())).toBe(modelTake(Infinity))
        }
        expect(buffer.length).toBe(model.length)
      }
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
    expect.hasAssertions()
  })
})
