// The bodies of requests before their slot.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BodyTooLargeError, ClientDisconnectedError, UnavailableError } from 'isthmus'
import { Buffers } from '../../../../src/hosting/gateway/buffering/buffers.ts'
import { BUFFERING_DEFAULTS } from '../../../../src/hosting/gateway/buffering/buffering-settings.ts'
import { failureOf, Host, recordingLog } from '../../../bridge/host.ts'
import { eventually } from '../../behaviour-host.ts'
import type { ReceiveEvent } from 'isthmus'
import type { BufferingSettings } from '../../../../src/hosting/gateway/buffering/buffering-settings.ts'
import type { RecordingLog } from '../../../bridge/host.ts'

type Receives = () => Promise<ReceiveEvent>

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'buffers-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function buffersOf(settings: Partial<BufferingSettings> = {}, log: RecordingLog = recordingLog()) {
  return new Buffers({ ...BUFFERING_DEFAULTS, directory, ...settings }, log)
}

async function readAll(receive: Receives): Promise<string> {
  let text = ''
  for (;;) {
    const event = await receive()
    if (event.type !== 'http.request') throw new Error(event.type)
    text += Buffer.from(event.body).toString('latin1')
    if (!event.moreBody) return text
  }
}

/** A body that the test sends piece by piece. */
class Sender {
  readonly #events: ReceiveEvent[] = []
  #wake: () => void = () => undefined
  /** How many events were asked for. */
  asked = 0

  send(body: string, moreBody = true): void {
    this.#events.push({ type: 'http.request', body: Buffer.from(body), moreBody })
    this.#wake()
  }

  leave(): void {
    this.#events.push({ type: 'http.disconnect' })
    this.#wake()
  }

  readonly receive = async (): Promise<ReceiveEvent> => {
    this.asked += 1
    while (this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#events.shift() as ReceiveEvent
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('Buffers', () => {
  it.each([
    ['one event', [''], {}],
    ['one event', ['abc'], {}],
    ['memory', ['abc', 'def', ''], {}],
    ['a file', ['abcdefgh', 'ijklmnop', 'q'], { maxRequestMemoryBytes: 4 }],
    ['a file of no memory', ['abc', 'd', 'efg'], { maxRequestMemoryBytes: 0 }],
  ])('keep a body in %s until it is whole', async (_where, parts, settings) => {
    const sender = new Sender()
    const buffers = buffersOf(settings)
    let hasBegun = false
    const run = buffers.runWith(sender.receive, async (receive) => {
      hasBegun = true
      expect(buffers.stats.requests).toBe(0)
      expect(await readAll(receive)).toBe(parts.join(''))
    })
    expect(buffers.stats.requests).toBe(1)
    for (const [at, part] of parts.entries()) {
      await turn()
      expect(hasBegun).toBe(false)
      sender.send(part, at < parts.length - 1)
    }
    await run
    expect(hasBegun).toBe(true)
    await eventually(() => buffers.stats.fileBytes === 0)
    expect(buffers.stats).toEqual({ requests: 0, memoryBytes: 0, fileBytes: 0 })
  })

  it.each([
    ['a full file', { maxRequestMemoryBytes: 4, maxRequestFileBytes: 10 }],
    ['no room in all files', { maxRequestMemoryBytes: 4, maxTotalFileBytes: 10 }],
    ['no file', { maxRequestMemoryBytes: 4, maxRequestFileBytes: 0 }],
    ['a directory that is missing', { maxRequestMemoryBytes: 4, directory: '/missing' }],
  ])('stream the rest after %s', async (_where, settings) => {
    const sender = new Sender()
    const log = recordingLog()
    const buffers = buffersOf(settings, log)
    const ready: string[] = []
    for (const part of ['abc', 'def', 'ghi', 'jkl', 'mno', 'pqr']) sender.send(part)
    await buffers.runWith(sender.receive, async (receive) => {
      ready.push(`${sender.asked}`)
      expect(sender.asked).toBeLessThan(7)
      sender.send('stu', false)
      expect(await readAll(receive)).toBe('abcdefghijklmnopqrstu')
    })
    expect(ready).toHaveLength(1)
    await eventually(() => buffers.stats.fileBytes === 0)
    const failed = log.lines.filter((line) => line.startsWith('error: a temporary file cannot'))
    expect(failed.length).toBe('directory' in settings ? 1 : 0)
  })

  it('fail if the client leaves before the end of the body, and never begin', async () => {
    for (const maxRequestMemoryBytes of [4, 1_000]) {
      const sender = new Sender()
      const buffers = buffersOf({ maxRequestMemoryBytes })
      const run = buffers.runWith(sender.receive, () => Promise.reject(new Error('it began')))
      sender.send('abcdef')
      sender.send('ghi')
      await turn()
      sender.leave()
      expect(await failureOf(run)).toBeInstanceOf(ClientDisconnectedError)
      await eventually(() => buffers.stats.fileBytes === 0)
      expect(buffers.stats).toEqual({ requests: 0, memoryBytes: 0, fileBytes: 0 })
    }
  })

  it('fail with the error of receive()', async () => {
    const buffers = buffersOf()
    const run = buffers.runWith(
      () => Promise.reject(new BodyTooLargeError(3)),
      () => Promise.reject(new Error('it began')),
    )
    expect(await failureOf(run)).toEqual(new BodyTooLargeError(3))
  })

  it('fail at once when their pool is closed, although receive() still waits', async () => {
    const sender = new Sender()
    const buffers = buffersOf({ maxRequestMemoryBytes: 4 })
    const run = buffers.runWith(sender.receive, () => Promise.reject(new Error('it began')))
    sender.send('abcdef')
    await turn()
    buffers.close(new UnavailableError('the pool is closed'))
    expect(await failureOf(run)).toEqual(new UnavailableError('the pool is closed'))
    await eventually(() => buffers.stats.fileBytes === 0)
    expect(buffers.stats).toEqual({ requests: 0, memoryBytes: 0, fileBytes: 0 })
  })

  it('never let a body that is dropped look whole', async () => {
    const sender = new Sender()
    const buffers = buffersOf({ maxRequestMemoryBytes: 4 })
    for (const part of ['abc', 'def']) sender.send(part)
    sender.send('ghi', false)
    let late: Receives = sender.receive
    await buffers.runWith(sender.receive, async (receive) => {
      late = receive
    })
    expect(await late()).toEqual({ type: 'http.disconnect' })
  })

  it('ask for one event of a body that has arrived', async () => {
    const host = new Host('seats')
    let asked = 0
    const receive = (): Promise<ReceiveEvent> => {
      asked += 1
      return host.receive()
    }
    await buffersOf().runWith(receive, async (receive) => {
      expect(await receive()).toMatchObject({ moreBody: false })
    })
    expect(asked).toBe(1)
  })
})
