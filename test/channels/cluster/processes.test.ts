// cluster() in real processes: those of fork() and of node:cluster, stopped and killed ones too.

import nodeCluster from 'node:cluster'
import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { cluster } from 'isthmus/channels'
import { numbers, soon, take, takeUntil, until, valuesOf } from '../suite/subject.ts'
import { ChannelsWorker, startWorker, WORKER } from './worker.ts'
import type { ClusterChannels, ClusterOptions } from 'isthmus/channels'

interface EventText {
  group: string
  message?: unknown
  bytes?: string
  gap?: string
  lost?: number | null
}

const SLOW = 'a child process does not take its messages of channels; they are dropped for it'
const CAUGHT_UP =
  'a child process takes its messages of channels again; groups with a history read the lost ones, the others get a gap'

const workers: ChannelsWorker[] = []
let primary: ClusterChannels | undefined

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()))
  await primary?.close()
  primary = undefined
})

describe('cluster()', { timeout: 60_000 }, () => {
  it('connects processes of fork(), with JSON and with the structured clone', async () => {
    const options = named()
    const channels = openPrimary(options)
    const consumer = channels.subscribe()
    await consumer.join('a')
    const [one, two] = [started(options), started(options, 'advanced')]
    await Promise.all([one, two].map((worker) => worker.ask('join', { group: 'a' })))
    channels.publish('a', 'from the primary')
    await two.ask('bytes', { group: 'a' })
    const seen = valuesOf(await take(consumer, 2))
    expect(seen).toEqual(['from the primary', Uint8Array.of(0, 255)])
    for (const worker of [one, two]) {
      const events = await eventsOf(worker, 2)
      expect(events).toMatchObject([{ message: 'from the primary' }, { bytes: 'AP8=' }])
    }
    const address = await one.ask<string>('address')
    await two.ask('send', { address, message: 'direct' })
    expect(await eventsOf(one, 1)).toMatchObject([{ group: address, message: 'direct' }])
  })

  it('keeps the order of 10,000 messages between two processes', async () => {
    const options = named()
    const channels = openPrimary(options)
    const consumer = channels.subscribe({ maxQueue: 20_000, maxQueueBytes: 10 ** 9 })
    await consumer.join('a')
    const [one, two] = [started(options), started(options)]
    await two.ask('join', { group: 'a' })
    expect(await one.ask('publish', { group: 'a', from: 1, to: 10_000 })).toEqual({ refused: 0 })
    expect(valuesOf(await take(consumer, 10_000))).toEqual(numbers(1, 10_000))
    const events = await eventsOf(two, 10_000)
    expect(events.map(({ message }) => message)).toEqual(numbers(1, 10_000))
    expect(await one.ask('stats')).toMatchObject({ pending: 0, published: 10_000 })
  })

  it('forgets a worker that is killed, and serves the one in its place', async () => {
    const options = named()
    const channels = openPrimary(options)
    const [one, two] = [started(options), started(options)]
    for (const worker of [one, two]) await worker.ask('join', { group: 'log:a' })
    channels.publish('log:a', 1)
    const [first] = await eventsOf(two, 1)
    await one.kill()
    await two.kill()
    for (let n = 2; n <= 5; n += 1) expect(channels.publish('log:a', n)).toBe(true)
    const three = started(options)
    await three.ask('join', { group: 'log:a', since: placeOf(first!) })
    const events = await eventsOf(three, 4)
    expect(events.map(({ message }) => message)).toEqual([2, 3, 4, 5])
  })

  it('keeps a bounded number of messages for a worker that is stopped, which recovers later', async () => {
    const options = { ...named(), maxPending: 1000, maxPendingBytes: 1024 * 1024 }
    const warnings: string[] = []
    const channels = openPrimary({ ...options, log: logTo(warnings) })
    const worker = started(options)
    for (const group of ['log:a', 'plain']) await worker.ask('join', { group })
    worker.process.kill('SIGSTOP')
    await flood(channels, 1, 2000)
    const before = heapMib()
    await flood(channels, 2001, 42_000)
    expect(heapMib() - before).toBeLessThan(32)
    worker.process.kill('SIGCONT')
    await until(() => warnings.includes(CAUGHT_UP), 'end of the stop')
    for (const group of ['log:a', 'plain']) channels.publish(group, 'end')
    const events = await eventsUntil(worker, ({ message }) => message === 'end', 2)
    const [history, plain] = ['log:a', 'plain'].map((group) =>
      events.filter((event) => event.group === group),
    )
    expect(history!.filter(({ gap }) => gap !== undefined)).toMatchObject([{ gap: 'history' }])
    expect(countOf(history!)).toBe(42_000)
    expect(plain!.filter(({ gap }) => gap === 'slow').length).toBeGreaterThan(0)
    expect(countOf(plain!)).toBe(42_000)
    expect(warnings).toContain(SLOW)
  })

  it('connects the workers of node:cluster by itself, those of before included, and serve() in them', async () => {
    const options = named()
    nodeCluster.setupPrimary({ exec: WORKER, execArgv: [] })
    const early = forked(options)
    const channels = openPrimary(options)
    const consumer = channels.subscribe()
    await consumer.join('orders')
    const late = forked(options)
    for (const worker of [early, late]) await worker.ask('join', { group: 'orders' })
    const urls = await Promise.all([early, late].map((worker) => worker.ask<string>('serve')))
    expect(urls[0]).toBe(urls[1])
    const pids = new Set<string>()
    for (let n = 0; n < 4; n += 1) {
      const response = await fetch(urls[0]!, { headers: { connection: 'close' } })
      pids.add(await response.text())
    }
    expect(pids.size).toBe(2)
    const orders = valuesOf(await take(consumer, 4))
    for (const worker of [early, late]) {
      const events = await eventsOf(worker, 4)
      expect(events.map(({ message }) => message)).toEqual(orders)
    }
  })

  it('lets a worker wait whose parent has no channels, and warns once', async () => {
    const options: ClusterOptions = { ...named(), role: 'worker', maxPending: 3 }
    const worker = started(options, 'json', false)
    expect(await worker.ask('publish', { group: 'a', from: 1, to: 5 })).toEqual({ refused: 2 })
    expect(await worker.ask('stats')).toMatchObject({ connected: false, pending: 3 })
    const channels = openPrimary(options, 'primary')
    const consumer = channels.subscribe()
    await consumer.join('a')
    channels.attach(worker.process)
    expect(valuesOf(await take(consumer, 3))).toEqual([1, 2, 3])
    await until(async () => {
      const { pending } = await worker.ask<{ pending: number }>('stats')
      return pending === 0
    }, 'answer of the primary')
    await worker.ask('publish', { group: 'a', from: 6, to: 6 })
    expect(valuesOf(await take(consumer, 2))).toEqual(['gap publisher 2', 6])
  })

  it('follows a primary that closes and opens again', async () => {
    const options = named()
    const first = openPrimary(options)
    const worker = started(options)
    await worker.ask('join', { group: 'log:a' })
    first.publish('log:a', 1)
    await eventsOf(worker, 1)
    await first.close()
    await until(async () => !(await worker.ask<{ connected: boolean }>('stats')).connected, 'cut')
    const second = openPrimary(options)
    second.attach(worker.process)
    await until(async () => (await worker.ask<{ connected: boolean }>('stats')).connected, 'return')
    second.publish('log:a', 2)
    const events = await eventsUntil(worker, ({ message }) => message === 2)
    expect(events.map(({ gap }) => gap)).toContain('epoch')
  })

  it('passes the last messages of a worker on before the worker ends', async () => {
    const options = named()
    const channels = openPrimary(options)
    const consumer = channels.subscribe({ maxQueue: 2000 })
    await consumer.join('a')
    const worker = started(options)
    await worker.ask('publish', { group: 'a', from: 1, to: 1000 })
    await soon(worker.ask('close'), 'close')
    await worker.kill('SIGTERM')
    channels.publish('a', 'end')
    expect(valuesOf(await takeUntil(consumer, 'end'))).toEqual([...numbers(1, 1000), 'end'])
  })
})

function named(): ClusterOptions {
  return { name: randomUUID(), history: { 'log:*': { size: 100 } } }
}

function openPrimary(options: ClusterOptions, role?: ClusterOptions['role']): ClusterChannels {
  primary = cluster({ ...options, role })
  return primary
}

function started(
  options: ClusterOptions,
  serialization?: 'json' | 'advanced',
  isAttached = true,
): ChannelsWorker {
  const worker = startWorker({ ...options, log: undefined }, serialization)
  workers.push(worker)
  if (isAttached) primary?.attach(worker.process)
  return worker
}

function forked(options: ClusterOptions): ChannelsWorker {
  const worker = new ChannelsWorker(nodeCluster.fork({ CHANNELS: JSON.stringify(options) }).process)
  workers.push(worker)
  return worker
}

async function eventsOf(worker: ChannelsWorker, count: number): Promise<EventText[]> {
  const events: EventText[] = []
  await until(async () => {
    events.push(...(await worker.ask<EventText[]>('events')))
    return events.length >= count
  }, `${count} events`)
  return events
}

async function eventsUntil(
  worker: ChannelsWorker,
  isLast: (event: EventText) => boolean,
  count = 1,
): Promise<EventText[]> {
  const events: EventText[] = []
  await until(async () => {
    events.push(...(await worker.ask<EventText[]>('events')))
    return events.filter(isLast).length >= count
  }, 'the last event')
  return events
}

/** The number of the last message that is a number, if each one came once and in order, or in a gap of known length. */
function countOf(events: readonly EventText[]): number {
  let last = 0
  for (const { message, lost } of events) {
    const { n } = Object(message) as { n?: number }
    if (typeof lost === 'number') last += lost
    else if (n !== undefined) {
      expect(n).toBe(last + 1)
      last = n
    }
  }
  return last
}

const KIB = 'x'.repeat(1024)

/** Publishes the numbers from `first` to `last`, each with a kibibyte. */
async function flood(channels: ClusterChannels, first: number, last: number): Promise<void> {
  for (let n = first; n <= last; n += 1) {
    channels.publish('log:a', { n, KIB })
    channels.publish('plain', { n, KIB })
    if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

function heapMib(): number {
  return process.memoryUsage().heapUsed / 1024 / 1024
}

function placeOf(event: EventText): object {
  const { epoch, offset } = event as unknown as { epoch: string; offset: number }
  return { epoch, offset }
}

function logTo(lines: string[]): NonNullable<ClusterOptions['log']> {
  const write = (_fields: object, message: string): void => void lines.push(message)
  return { debug: write, info: write, warn: write, error: write }
}
