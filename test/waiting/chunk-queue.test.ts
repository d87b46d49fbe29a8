import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkQueue } from '../../src/waiting/chunk-queue.ts'

function drained(queue: ChunkQueue): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let chunk = queue.take(); chunk; chunk = queue.take()) chunks.push(chunk)
  return chunks
}

describe('ChunkQueue', () => {
  it('returns all bytes in order, and never writes to a chunk that it returned', () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(1023, 1024, 5000))
    const step = fc.record({ push: fc.array(size, { maxLength: 60 }), take: fc.nat(10) })
    const property = fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const queue = new ChunkQueue()
      const sent: Buffer[] = []
      const got: Uint8Array[] = []
      const copies: Buffer[] = []
      const keep = (chunk: Uint8Array | undefined): void => {
        if (chunk === undefined) return
        got.push(chunk)
        copies.push(Buffer.from(chunk))
      }
      for (const { push, take } of steps) {
        for (const length of push) {
          const chunk = Buffer.alloc(length, sent.length % 251)
          sent.push(chunk)
          queue.push(Buffer.from(chunk))
        }
        for (let time = 0; time < take; time += 1) keep(queue.take())
        const waiting = Buffer.concat(sent).length - Buffer.concat(copies).length
        expect(queue.byteLength).toBe(waiting)
      }
      for (const chunk of drained(queue)) keep(chunk)
      expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true)
      expect(Buffer.concat(copies).equals(Buffer.concat(sent))).toBe(true)
    })
    fc.assert(property, { seed: 5, numRuns: 100 })
  })

  it('makes few chunks of a million pieces of one byte', () => {
    const queue = new ChunkQueue()
    for (let piece = 0; piece < 1_000_000; piece += 1) queue.push(Buffer.from([piece % 256]))
    expect(queue.byteLength).toBe(1_000_000)
    const chunks = drained(queue)
    expect(chunks.length).toBeLessThan(40)
    const whole = Buffer.concat(chunks)
    expect(whole.every((octet, at) => octet === at % 256)).toBe(true)
  })

  it('holds at most twice the memory of its bytes, plus 1 KiB', () => {
    const queue = new ChunkQueue()
    for (let piece = 0; piece < 50_000; piece += 1) queue.push(Buffer.alloc(1))
    const blocks = new Set(
      drained(queue)
        .slice(16)
        .map(({ buffer }) => buffer),
    )
    const held = [...blocks].reduce((sum, { byteLength }) => sum + byteLength, 0)
    expect(held).toBeLessThanOrEqual(2 * 50_000 + 1024)
  })

  it('copies neither long chunks nor the first ones', () => {
    const queue = new ChunkQueue()
    const pushed = [
      ...Array.from({ length: 16 }, () => Buffer.alloc(1)),
      ...Array.from({ length: 30 }, () => Buffer.alloc(1024)),
    ]
    for (const chunk of pushed) queue.push(chunk)
    for (const chunk of pushed) expect(queue.take()).toBe(chunk)
  })
})
