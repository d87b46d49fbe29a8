// The vectors that both sides of the byte encoding read: this side, and test/hosting/python/host_test.py.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TO_GATEWAY } from '../../../../src/hosting/protocol/frames/frame.ts'
import { FrameReader } from '../../../../src/hosting/protocol/frames/frame-reader.ts'
import { fromFrame, partOf, recordOf } from '../../../../src/hosting/protocol/frames/from-frames.ts'
import {
  helloFrame,
  pingFrame,
  toFrame,
} from '../../../../src/hosting/protocol/frames/to-frames.ts'
import type { FromHost, ToHost } from '../../../../src/hosting/protocol/messages.ts'
import type { Frame } from '../../../../src/hosting/protocol/frames/frame.ts'

interface Vector {
  name: string
  direction: 'toHost' | 'toGateway'
  message: { type: string } & Record<string, unknown>
  hex: string
}

const FILE = new URL('../frames.json', import.meta.url)
const VECTORS = JSON.parse(readFileSync(FILE, 'utf8'), withBytes) as Vector[]

function withBytes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('base64' in value)) return value
  return Buffer.from(String(value.base64), 'base64')
}

function encoded({ message }: Vector): Buffer {
  const { type, ...rest } = message
  if (type === 'hello') return helloFrame(rest)
  if (type === 'ping') return pingFrame(Number(message['id']))
  return toFrame(message as unknown as ToHost, (key) => expect.fail(`${key} was left out`))
}

function decoded(frame: Frame): unknown {
  switch (frame.kind) {
    case TO_GATEWAY.hello:
      return { type: 'hello', ...recordOf(frame.payload) }
    case TO_GATEWAY.pong:
      return { type: 'pong', id: frame.id }
    case TO_GATEWAY.part: {
      const { part, tookMs } = partOf(frame)
      return tookMs === undefined ? part : [part, { type: 'done', id: part.id, tookMs }]
    }
    case TO_GATEWAY.publish:
      return withBuffer(fromFrame(frame))
    default:
      return fromFrame(frame)
  }
}

// The vectors have all bytes in buffers, and channels give plain arrays of bytes.
function withBuffer(message: FromHost): unknown {
  if (message.type !== 'link' || message.message.type !== 'publish') return message
  const { payload } = message.message
  const bytes = typeof payload === 'string' ? payload : Buffer.from(payload)
  return { ...message, message: { ...message.message, payload: bytes } }
}

describe('frames to a host', () => {
  const vectors = VECTORS.filter(({ direction }) => direction === 'toHost')
  it.each(vectors)('$name', (vector) => {
    expect(encoded(vector).toString('hex')).toBe(vector.hex)
  })
})

describe('frames to a gateway', () => {
  const vectors = VECTORS.filter(({ direction }) => direction === 'toGateway')
  it.each(vectors)('$name', ({ message, hex }) => {
    const [frame] = new FrameReader().read(Buffer.from(hex, 'hex'))
    expect(decoded(frame as Frame)).toEqual(message)
  })
})
