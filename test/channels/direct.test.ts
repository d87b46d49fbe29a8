import { describe, expect, it } from 'vitest'
import { directPayload, readDirect } from '../../src/channels/direct.ts'

describe('the payload of a direct message', () => {
  it.each(['"text"', '7:8', ''])('carries the text %j', (payload) => {
    expect(readDirect(directPayload(2 ** 40, payload))).toEqual({ number: 2 ** 40, payload })
  })

  it('carries bytes, also of a Buffer with an offset', () => {
    const payload = Uint8Array.of(1, 2, 3)
    const sent = directPayload(7, payload) as Uint8Array
    const buffer = Buffer.concat([Buffer.from('xx'), sent]).subarray(2)
    const read = readDirect(buffer)
    expect(read).toEqual({ number: 7, payload })
    expect(Buffer.isBuffer(read.payload)).toBe(false)
  })

  it.each(['no number', Uint8Array.of(1, 2)])(
    'of another sender has no consumer: %j',
    (payload) => {
      expect(readDirect(payload).number).toBeNaN()
    },
  )
})
