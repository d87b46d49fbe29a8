// The parts of cluster() that need no second process: options, warnings, and messages of others.

import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { cluster } from 'isthmus/channels'
import { ParentPort } from '../../../src/channels/cluster/parent-port.ts'
import { makeIpc } from './ipc.ts'
import type { ClusterChannels, ClusterOptions } from 'isthmus/channels'
import type { AttachedChild } from '../../../src/channels/cluster/children.ts'
import type { LinkBroker } from '../../../src/channels/link/link-broker.ts'

const opened: ClusterChannels[] = []

afterEach(async () => {
  vi.useRealTimers()
  for (const channels of opened.splice(0)) await channels.close()
})

describe('cluster()', () => {
  it('is a primary in a process whose parent has no channels, and marks its children', async () => {
    const channels = open({ name: 'marks' })
    expect(channels.stats().connected).toBe(true)
    expect(process.env['ISTHMUS_CHANNELS_PRIMARY']).toBe(String(process.pid))
    await channels.close()
    expect(process.env).not.toHaveProperty('ISTHMUS_CHANNELS_PRIMARY')
  })

  it('refuses a second primary of one name, and takes one after the close', async () => {
    const first = open({ name: 'twice' })
    expect(() => cluster({ name: 'twice' })).toThrow('this process has channels of this name')
    await first.close()
    open({ name: 'twice' })
    await first.close()
    expect(() => cluster({ name: 'twice' })).toThrow('this process has channels of this name')
  })

  it.each([
    [{ role: 'leader' }, 'option "role" cannot be'],
    [{ name: '' }, 'option "name" cannot be'],
    [{ maxPending: 0 }, 'option "maxPending" cannot be 0'],
    [{ maxPendingBytes: 1.5 }, 'option "maxPendingBytes" cannot be 1.5'],
    [{ port: 1 }, 'port'],
  ])('refuses %j', (options, message) => {
    expect(() => cluster(options as ClusterOptions)).toThrow(message)
  })

  it('refuses to attach a process without an IPC channel, and forgets one that is gone', () => {
    const channels = open({ name: 'attach' })
    expect(() => channels.attach(new EventEmitter() as never)).toThrow('it is a process of fork()')
    const { child } = makeIpc()
    child.connected = false
    channels.attach(child as never)
    expect(child.listenerCount('message')).toBe(0)
  })

  it('passes by the messages of others, and takes its listeners back at the end of a child', async () => {
    const channels = open({ name: 'others' })
    const { child, parent } = makeIpc()
    channels.attach(child as never)
    for (const message of [
      null,
      'text',
      7,
      { batch: [] },
      { 'isthmus.channels': 1, name: 'else' },
    ]) {
      parent.send(message)
    }
    await turn()
    expect(child.connected).toBe(true)
    child.disconnect()
    expect(child.listenerCount('message') + child.listenerCount('disconnect')).toBe(0)
  })

  it('warns once of a child with another version', async () => {
    const lines: string[] = []
    const channels = open({ name: 'versions', log: logTo(lines) })
    const { child, parent } = makeIpc()
    channels.attach(child as unknown as AttachedChild as never)
    for (let n = 0; n < 2; n += 1) parent.send({ 'isthmus.channels': 2, anything: n })
    await turn()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('another version of isthmus')
  })
})

describe('the port to a parent', () => {
  it('warns after a second without an answer, and names the remedy', () => {
    vi.useFakeTimers()
    const { warnings } = openPort()
    vi.advanceTimersByTime(999)
    expect(warnings).toEqual([])
    vi.advanceTimersByTime(1)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('call cluster() there too')
  })

  it('is abandoned, with a warning, when the parent is gone', () => {
    const { ipc, link, warnings } = openPort()
    ipc.parent.disconnect()
    expect(link.abandoned).toHaveBeenCalledOnce()
    expect(warnings[0]).toContain('the connection to its parent process is closed')
    expect(ipc.parent.listenerCount('message')).toBe(0)
  })

  it('takes no answer of an earlier session', async () => {
    const { ipc, link } = openPort()
    const letters: Array<{ client: string; session: number; batch: unknown[] }> = []
    ipc.child.on('message', (letter) => letters.push(letter as never))
    await vi.waitFor(() => expect(letters).toHaveLength(1), 30_000)
    const { client } = letters[0]!
    const letter = (session: number, message: object): object => ({
      'isthmus.channels': 1,
      name: 'port',
      client,
      session,
      batch: [message],
    })
    ipc.child.send({ ...letter(0, { type: 'here', primary: 'p' }), client: null })
    await vi.waitFor(() => expect(letters.map(({ session }) => session)).toEqual([1, 2]), 30_000)
    ipc.child.send(letter(1, { type: 'welcome', primary: 'p' }))
    ipc.child.send(letter(2, { type: 'welcome', primary: 'p' }))
    ipc.child.send(letter(2, { type: 'followed', id: 1 }))
    await vi.waitFor(() => expect(link.take).toHaveBeenCalledOnce(), 30_000)
    expect(link.connected).toHaveBeenCalledOnce()
  })
})

function open(options: ClusterOptions): ClusterChannels {
  const channels = cluster(options)
  opened.push(channels)
  return channels
}

function openPort(): {
  ipc: ReturnType<typeof makeIpc>
  link: { [Name in 'connected' | 'disconnected' | 'abandoned' | 'take']: ReturnType<typeof vi.fn> }
  warnings: string[]
} {
  const warnings: string[] = []
  const ipc = makeIpc()
  const port = new ParentPort(ipc.parent, 'port', {
    onMessage: () => undefined,
    onResumed: () => undefined,
    onLost: () => undefined,
    onWarning: (_fields, message) => void warnings.push(message),
  })
  const link = {
    connected: vi.fn<() => void>(),
    disconnected: vi.fn<() => void>(),
    abandoned: vi.fn<() => void>(),
    take: vi.fn<() => void>(),
  }
  port.open(link as unknown as LinkBroker)
  return { ipc, link, warnings }
}

function logTo(lines: string[]): NonNullable<ClusterOptions['log']> {
  const write = (_fields: object, message: string): void => void lines.push(message)
  return { debug: write, info: write, warn: write, error: write }
}
