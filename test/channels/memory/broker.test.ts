// Histories in memory: their bounds, and the end of places.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GroupLog } from '../../../src/channels/memory/group-log.ts'
import { MemoryBroker } from '../../../src/channels/memory/broker.ts'
import type { Envelope } from '../../../src/channels/broker.ts'

const HOUR_MS = 60 * 60 * 1000

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

function brokerOf(size: number, ttlMs: number): { broker: MemoryBroker; live: Envelope[] } {
  const live: Envelope[] = []
  const ignore = (): void => undefined
  const events = {
    onMessage: (envelope: Envelope) => void live.push(envelope),
    onResumed: ignore,
    onLost: ignore,
    onWarning: ignore,
  }
  const historyOf = (group: string) => (group.startsWith('log') ? { size, ttlMs } : null)
  return { broker: new MemoryBroker(events, historyOf), live }
}

const START = { epoch: '', offset: 0 }
const payloads = (broker: MemoryBroker, group: string): unknown[] =>
  broker.read(group, START).messages.map(({ payload }) => payload)

describe('a history in memory', () => {
  it('keeps the newest messages, up to its size and its age', () => {
    const { broker } = brokerOf(3, 100)
    for (const payload of ['1', '2', '3', '4']) {
      broker.publish('log', payload)
      vi.advanceTimersByTime(40)
    }
    expect(payloads(broker, 'log')).toEqual(['3', '4'])
    vi.advanceTimersByTime(100)
    expect(broker.read('log', START)).toMatchObject({ position: { offset: 4 }, messages: [] })
  })

  it('gives the messages after a position of its epoch, and all for another epoch', () => {
    const log = new GroupLog('a', { size: 200, ttlMs: 1_000 }, { epoch: 'e', now: 0 })
    for (let n = 1; n <= 300; n += 1) log.append(String(n), 0, 1)
    const after = (epoch: string, offset: number): string[] =>
      log.read({ epoch, offset }, 2).messages.map(({ payload }) => payload as string)
    expect(after('e', 297)).toEqual(['298', '299', '300'])
    expect(after('e', 300)).toEqual([])
    expect(after('e', 999)).toEqual([])
    expect(after('e', 5)).toHaveLength(200)
    expect(after('x', 299)).toHaveLength(200)
    expect(log.read(null, 2)).toEqual({ position: { epoch: 'e', offset: 300 }, messages: [] })
  })

  it('loses its old messages while other groups get theirs', () => {
    const { broker } = brokerOf(10, 100)
    broker.publish('log:old', 'x')
    vi.advanceTimersByTime(200)
    const trim = vi.spyOn(GroupLog.prototype, 'trim')
    for (let n = 0; n < 4; n += 1) broker.publish('log:new', 'y')
    expect(new Set(trim.mock.contexts).size).toBe(2)
    trim.mockRestore()
  })

  it('keeps its place for a day without consumers, and for ever with one', () => {
    const { broker } = brokerOf(10, 100)
    broker.follow('log:followed')
    const epochs = ['log:followed', 'log:left'].map((group) => {
      broker.publish(group, 'x')
      return broker.read(group, null).position.epoch
    })
    vi.advanceTimersByTime(23 * HOUR_MS)
    broker.publish('log:other', 'x')
    expect(broker.read('log:left', null).position).toEqual({ epoch: epochs[1], offset: 1 })
    vi.advanceTimersByTime(25 * HOUR_MS)
    broker.publish('log:another', 'x')
    expect(broker.read('log:left', null).position.offset).toBe(0)
    expect(broker.read('log:followed', null).position).toEqual({ epoch: epochs[0], offset: 1 })
    broker.unfollow('log:followed')
    vi.advanceTimersByTime(25 * HOUR_MS)
    broker.publish('log:third', 'x')
    expect(broker.read('log:followed', null).position.offset).toBe(0)
  })

  it('carries the losses that a relay tells', () => {
    const { broker, live } = brokerOf(10, 100)
    broker.publish('plain', 'x', 2)
    broker.publish('log', 'y', 3)
    expect(live.map(({ lost }) => lost)).toEqual([2, 3])
    expect(broker.read('log', START).messages[0]?.lost).toBe(3)
  })
})
