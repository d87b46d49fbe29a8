// The frames to a process: together at the end of a turn, in their order, and counted while the process does not read.

import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Outbox } from '../../../../src/hosting/gateway/process/outbox.ts'
import type { Socket } from 'node:net'

/** A socket that keeps its writes. While it is stalled, the writes after the first one wait. */
function recorder({ isStalled = false } = {}): { socket: Socket; writes: Buffer[][] } {
  const writes: Buffer[][] = []
  const socket = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      writes.push([chunk])
      if (!isStalled) done()
    },
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }: { chunk: Buffer }) => chunk))
      if (!isStalled) done()
    },
  })
  return { socket: socket as unknown as Socket, writes }
}

const texts = (writes: Buffer[][]): string[] =>
  writes.map((chunks) => Buffer.concat(chunks).toString())

describe('the outbox of a process', () => {
  it('sends the frames of one turn in one write', async () => {
    const { socket, writes } = recorder()
    const outbox = new Outbox(socket)
    for (const frame of ['a', 'b', 'c']) outbox.push(Buffer.from(frame))
    expect(writes).toEqual([])
    await turnOfLoop()
    expect(texts(writes)).toEqual(['abc'])
  })

  it('sends at once when it is told to, and nothing a second time', async () => {
    const { socket, writes } = recorder()
    const outbox = new Outbox(socket)
    outbox.push(Buffer.from('stop'))
    outbox.flush()
    outbox.flush()
    await turnOfLoop()
    expect(texts(writes)).toEqual(['stop'])
  })

  it('does not copy long frames', async () => {
    const { socket, writes } = recorder()
    const outbox = new Outbox(socket)
    const frames = [Buffer.alloc(65_536, 'a'), Buffer.alloc(65_536, 'b')]
    for (const frame of frames) outbox.push(frame)
    await turnOfLoop()
    const sent = writes.flat()
    expect(sent.map((chunk) => frames.findIndex((frame) => frame === chunk))).toEqual([0, 1])
  })

  it('is full while the process leaves more than 4 MiB unread', () => {
    const { socket } = recorder({ isStalled: true })
    const outbox = new Outbox(socket)
    outbox.push(Buffer.alloc(4 * 1024 * 1024))
    outbox.flush()
    expect(outbox.isFull).toBe(false)
    outbox.push(Buffer.alloc(1))
    outbox.flush()
    expect(outbox.isFull).toBe(true)
  })

  it('sends nothing to a process that is gone', async () => {
    const { socket, writes } = recorder()
    const outbox = new Outbox(socket)
    outbox.push(Buffer.from('late'))
    outbox.close()
    await turnOfLoop()
    expect(writes).toEqual([])

    socket.destroy()
    outbox.push(Buffer.from('later'))
    outbox.flush()
    expect(writes).toEqual([])
  })
})
