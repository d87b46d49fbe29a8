import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageQueue } from '../../src/async/message-queue.ts'

const ROOMY = { maxMessages: 32, maxBytes: 1024, minBytes: 0 }

function recordedFlow(): { calls: string[]; pause(): void; resume(): void } {
  const calls: string[] = []
  return { calls, pause: () => calls.push('pause'), resume: () => calls.push('resume') }
}

function queueOf(limits = ROOMY): { queue: MessageQueue; calls: string[] } {
  const flow = recordedFlow()
  return { queue: new MessageQueue(flow, limits), calls: flow.calls }
}

describe('MessageQueue', () => {
  it('[3b.42] delivers websocket.connect first, even if messages came before the first receive()', async () => {
    const { queue } = queueOf()
    queue.push('early')
    queue.end(1000, '')
    expect(await queue.receive()).toEqual({ type: 'websocket.connect' })
    expect(await queue.receive()).toEqual({ type: 'websocket.receive', text: 'early' })
  })

  it('[3b.46] delivers text as text and binary as bytes, never both', async () => {
    const { queue } = queueOf()
    await queue.receive()
    queue.push('')
    queue.push(new Uint8Array([1, 2]))
    expect(await queue.receive()).toStrictEqual({ type: 'websocket.receive', text: '' })
    expect(await queue.receive()).toStrictEqual({
      type: 'websocket.receive',
      bytes: new Uint8Array([1, 2]),
    })
  })

  it('[3b.51] delivers the disconnect after all pending messages, then for ever', async () => {
    const { queue } = queueOf()
    await queue.receive()
    queue.push('last')
    queue.end(4001, 'bye')
    queue.end(1006, 'later')
    queue.push('lost')
    expect(await queue.receive()).toMatchObject({ text: 'last' })
    const gone = { type: 'websocket.disconnect', code: 4001, reason: 'bye' }
    expect(await queue.receive()).toEqual(gone)
    expect(await queue.receive()).toEqual(gone)
  })

  it('[3b.51] gives the next receive() a disconnect event without the changes of the app', async () => {
    const { queue } = queueOf()
    await queue.receive()
    queue.end(1000, '')
    Object.assign(await queue.receive(), { code: 1 })
    expect(await queue.receive()).toMatchObject({ code: 1000 })
  })

  it('[3b.20] returns the same promise to a second receive() while one is pending', async () => {
    const { queue } = queueOf()
    await queue.receive()
    const first = queue.receive()
    const second = queue.receive()
    expect(second).toBe(first)
    queue.push('once')
    queue.push('next')
    expect(await first).toMatchObject({ text: 'once' })
    expect(await queue.receive()).toMatchObject({ text: 'next' })
  })

  it('wakes a pending receive() when the connection ends', async () => {
    const { queue } = queueOf()
    await queue.receive()
    const pending = queue.receive()
    queue.end(1006, '')
    expect(await pending).toMatchObject({ type: 'websocket.disconnect', code: 1006 })
  })

  it('[3b.55] pauses once at the message limit, and resumes when half of the messages were read', async () => {
    const { queue, calls } = queueOf({ maxMessages: 4, maxBytes: 1024, minBytes: 0 })
    await queue.receive()
    for (const text of ['a', 'b', 'c', 'd', 'e']) queue.push(text)
    expect(calls).toEqual(['pause'])
    await queue.receive()
    await queue.receive()
    await queue.receive()
    expect(calls).toEqual(['pause'])
    await queue.receive()
    expect(calls).toEqual(['pause', 'resume'])
  })

  it('[3b.55] pauses at the byte limit, and accepts a message that is larger than the limit', async () => {
    const { queue, calls } = queueOf({ maxMessages: 100, maxBytes: 10, minBytes: 0 })
    await queue.receive()
    queue.push(new Uint8Array(1000))
    expect(calls).toEqual(['pause'])
    expect(await queue.receive()).toMatchObject({ type: 'websocket.receive' })
    expect(calls).toEqual(['pause', 'resume'])
  })

  it('does not pause for a message that an app is waiting for', async () => {
    const { queue, calls } = queueOf({ maxMessages: 1, maxBytes: 1, minBytes: 0 })
    await queue.receive()
    const pending = queue.receive()
    queue.push('waited for')
    expect(await pending).toMatchObject({ text: 'waited for' })
    expect(calls).toEqual([])
  })

  it('does not resume an engine that is gone', async () => {
    const { queue, calls } = queueOf({ maxMessages: 1, maxBytes: 1, minBytes: 0 })
    await queue.receive()
    queue.push('a')
    queue.end(1006, '')
    await queue.receive()
    expect(calls).toEqual(['pause'])
  })

  it('keeps every message in order, and alternates pause and resume, under any interleaving', async () => {
    const step = fc.constantFrom('push', 'receive')
    const property = fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
      const { queue, calls } = queueOf({ maxMessages: 3, maxBytes: 200, minBytes: 0 })
      await queue.receive()
      const received: Array<Promise<unknown>> = []
      let pushed = 0
      for (const name of steps) {
        if (name === 'push') queue.push(String(pushed++))
        else if (received.length < pushed) received.push(queue.receive())
      }
      while (received.length < pushed) received.push(queue.receive())
      const texts = (await Promise.all(received)).map((event) => (event as { text: string }).text)
      expect(texts).toEqual(Array.from({ length: pushed }, (_, at) => String(at)))
      expect(calls.every((call, at) => call === (at % 2 === 0 ? 'pause' : 'resume'))).toBe(true)
      expect(calls.length % 2).toBe(0)
    })
    await fc.assert(property, { seed: 42, numRuns: 200 })
  })
})
