import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockQueue } from '../../../../src/hosting/gateway/buffering/block-queue.ts'

function queueOf(...pieces: Uint8Array[]): BlockQueue {
  const queue = new BlockQueue()
  for (const piece of pieces) queue.push(piece)
  return queue
}

function drained(queue: BlockQueue): Buffer[] {
  const blocks: Buffer[] = []
  for (let block = queue.take(); block; block = queue.take()) blocks.push(Buffer.from(block))
  return blocks
}

describe('BlockQueue', () => {
  it('keeps the only piece, and large ones, as they are', () => {
    const [first, large] = [Buffer.alloc(5, 'a'), Buffer.alloc(100_000, 'b')]
    const queue = queueOf(first, large)
    expect(queue.take()).toBe(first)
    expect(queue.take()).toBe(large)
    expect(queue.take()).toBeUndefined()
  })

  it('joins a million small pieces into blocks of 64 KiB', () => {
    const queue = new BlockQueue()
    for (let at = 0; at < 1_000_000; at += 1) queue.push(Buffer.from([at % 251]))
    const blocks = drained(queue)
    expect(blocks.length).toBeLessThan(32)
    expect(Buffer.concat(blocks).every((byte, at) => byte === at % 251)).toBe(true)
  })

  it('does not keep the memory around a small view', () => {
    const queue = queueOf(new Uint8Array(1_000_000).subarray(0, 1))
    expect(queue.take()?.buffer.byteLength).toBe(1)
  })

  it('shows bytes without taking them, and exactly as many as were asked for', () => {
    const queue = queueOf(Buffer.from('abc'), Buffer.alloc(20_000, 'd'))
    expect(Buffer.concat(queue.peek(5)).toString()).toBe('abcdd')
    expect(queue.length).toBe(20_003)
    queue.drop(4)
    expect(Buffer.concat(queue.peek(1)).toString()).toBe('d')
    expect(queue.length).toBe(19_999)
    queue.clear()
    expect([queue.length, queue.take()]).toEqual([0, undefined])
  })

  it('gives the same bytes for any order of pushes, looks and takes', () => {
    const step = fc.oneof(
      fc.record({ push: fc.oneof(fc.nat(40), fc.nat(70_000)) }),
      fc.record({ drop: fc.nat(90_000) }),
      fc.constant('take' as const),
    )
    const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new BlockQueue()
      let [pushed, taken] = [0, 0]
      const check = (block: Uint8Array): void => {
        expect(block.every((byte, at) => byte === (taken + at) % 251)).toBe(true)
        taken += block.length
      }
      for (const step of steps) {
        if (step === 'take') check(queue.take() ?? Buffer.alloc(0))
        else if ('push' in step) {
          const start = pushed
          queue.push(Uint8Array.from({ length: step.push }, (_, at) => (start + at) % 251))
          pushed += step.push
        } else {
          const most = Math.min(step.drop, queue.length)
          const blocks = Buffer.concat(queue.peek(most))
          expect(blocks.length).toBe(most)
          queue.drop(most)
          check(blocks)
        }
        expect(queue.length).toBe(pushed - taken)
      }
    })
    fc.assert(property, { seed: 20261128, numRuns: 60 })
  })
})
