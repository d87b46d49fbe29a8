import { describe, expect, it } from 'vitest'
import { ownBytes } from '../../../src/hosting/protocol/own-bytes.ts'

describe('bytes that are to cross', () => {
  it('go as they are when they have their memory to themselves', () => {
    const bytes = Buffer.alloc(65_536)
    expect(ownBytes(bytes)).toBe(bytes)
    expect(ownBytes('text')).toBe('text')
  })

  it('are copied out of memory that is much larger', () => {
    const bytes = ownBytes(Buffer.alloc(65_536, 'x').subarray(7, 9))
    expect(Buffer.from(bytes).toString()).toBe('xx')
    expect(bytes.buffer.byteLength).toBe(2)
  })

  it('are copied out of memory that another thread may change', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(7)
    const bytes = ownBytes(shared)
    shared.fill(8)
    expect([...bytes]).toEqual([7, 7, 7, 7])
  })
})
