import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memory } from 'isthmus/channels'
import { MessageQueue } from '../../src/async/message-queue.ts'
import { makeReceive } from '../../src/async/receive.ts'
import { SocketReading } from '../../src/async/socket-reading.ts'
import { TAKEN } from '../../src/waiting/taken.ts'
import type { SocketStep } from '../../src/async/socket-reading.ts'

const UNBOUNDED = { maxMessages: Infinity, maxBytes: Infinity, minBytes: 0 }
const flow = { pause: () => undefined, resume: () => undefined }

/** A reading over the queue of the server and the group `board`. */
async function opened(receive?: () => Promise<never>) {
  const channels = memory()
  const queue = new MessageQueue(flow, UNBOUNDED)
  await queue.receive()
  const socket = {
    receive: makeReceive(receive ?? (() => queue.receive())),
    send: () => TAKEN,
    onSlow: () => undefined,
  }
  const reading = new SocketReading(channels, { maxQueue: 1_000, onSlow: 'close' }, socket)
  await reading.join('board', null)
  return { channels, queue, reading }
}

function valueOf({ value }: SocketStep): unknown {
  if (typeof value === 'string' || value === undefined || value instanceof Uint8Array) return value
  return value.type === 'message' ? value.message : value.reason
}

describe('SocketReading', () => {
  it('gives each message once and in the order of its source, in any interleaving', async () => {
    const step = fc.constantFrom('publish', 'client', 'read', 'turn')
    const plan = fc.array(step, { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const { channels, queue, reading } = await opened()
        const seen: unknown[] = []
        let [published, pushed] = [0, 0]
        let abandoned: Promise<SocketStep> | undefined
        const read = async (): Promise<void> => {
          const next = reading.next()
          if (published + pushed === seen.length) abandoned = next
          else seen.push(valueOf(await next))
        }
        for (const each of steps) {
          if (each === 'publish') channels.publish('board', (published += 1))
          else if (each === 'client') queue.push(`client ${(pushed += 1)}`)
          else if (each === 'turn') await new Promise((resolve) => setImmediate(resolve))
          else if (abandoned)
            expect(published + pushed > seen.length || reading.next() === abandoned).toBe(true)
          else await read()
          if (abandoned && published + pushed > seen.length) {
            seen.push(valueOf(await abandoned))
            abandoned = undefined
          }
        }
        while (seen.length < published + pushed) seen.push(valueOf(await reading.next()))
        const numbers = seen.filter((value) => typeof value === 'number')
        const texts = seen.filter((value) => typeof value === 'string')
        expect(numbers).toEqual(Array.from({ length: published }, (_, at) => at + 1))
        expect(texts).toEqual(Array.from({ length: pushed }, (_, at) => `client ${at + 1}`))
      }),
      { seed: 19, numRuns: 200 },
    )
  })

  it('lets neither source wait for more than one step of the other', async () => {
    const { channels, queue, reading } = await opened()
    const seen: unknown[] = []
    for (let at = 0; at < 20; at += 1) {
      channels.publish('board', at)
      queue.push('client')
    }
    for (let at = 0; at < 40; at += 1) seen.push(typeof valueOf(await reading.next()))
    // Each pair has one of each, but for the first and the last one: the client is asked at the first step.
    const longest = Math.max(
      ...seen
        .join('')
        .split(/(?<=string)(?=number)|(?<=number)(?=string)/)
        .map((run) => run.length / 6),
    )
    expect(longest).toBeLessThanOrEqual(2)
  })

  it('ends after the messages that came before the client has left', async () => {
    const { queue, reading } = await opened()
    queue.push('last')
    queue.end(1000, '')
    expect(valueOf(await reading.next())).toBe('last')
    expect(await reading.next()).toEqual({ done: true, value: undefined })
    expect(await reading.next()).toEqual({ done: true, value: undefined })
  })

  it('ends at once, also a step that waits', async () => {
    const { queue, reading } = await opened()
    const waiting = reading.next()
    reading.end()
    queue.push('late')
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await reading.next()).toEqual({ done: true, value: undefined })
  })

  it('passes an error of receive() on, and goes on with events', async () => {
    const broken = new Error('broken')
    const { channels, reading } = await opened(() => Promise.reject(broken))
    await expect(reading.next()).rejects.toBe(broken)
    channels.publish('board', 1)
    expect(valueOf(await reading.next())).toBe(1)
  })
})
