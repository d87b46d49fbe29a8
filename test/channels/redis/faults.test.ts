// Faults of the network and of the server: publishers never throw and never wait, and each loss is told.

import { readFile } from 'node:fs/promises'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { redis } from 'isthmus/channels'
import {
  numbers,
  publishNumbers,
  soon,
  take,
  takeUntil,
  until,
  valuesOf,
} from '../suite/subject.ts'
import { Cable } from './cable.ts'
import { SERVERS, TestServer } from './server.ts'
import type { Channels, RedisOptions, Subscription } from 'isthmus/channels'

const history = { 'log:*': { size: 10_000 } }

for (const { name, command, missing } of SERVERS) {
  describe.skipIf(missing !== undefined)(`redis() over ${name}`, () => {
    let server: TestServer
    let cable: Cable
    let cases = 0
    const opened: Channels[] = []
    const open = (options: RedisOptions = {}): Channels => {
      const prefix = `case ${cases}:`
      const channels = redis({ url: cable.url, history, prefix, pingIntervalMs: 200, ...options })
      opened.push(channels)
      return channels
    }

    beforeAll(async () => {
      server = await TestServer.start(command)
      cable = await Cable.to(server.port)
    })
    afterEach(async () => {
      cable.mend()
      cases += 1
      await Promise.all(opened.splice(0).map((channels) => channels.close()))
    })
    afterAll(async () => {
      await cable.close()
      await server.stop()
    })

    it('uses no offset twice after the server has returned with older data', async () => {
      const channels = open()
      const consumer = await joined(channels, 'log:a')
      publishNumbers(channels, 'log:a', [1, 3])
      const before = await take(consumer, 3)
      await server.command(['SAVE'])
      publishNumbers(channels, 'log:a', [4, 5])
      await take(consumer, 2)
      await server.kill()
      await until(() => !channels.stats().connected, 'notice of the end')
      await server.start()
      const info = String(await server.command(['INFO', 'persistence']))
      expect(info).toMatch(/rdb_last_load_keys_loaded:[1-9]/)
      await until(() => channels.stats().connected, 'return')
      channels.publish('log:a', 'end')
      const events = await takeUntil(consumer, 'end')
      expect(valuesOf(events)).toEqual(['gap epoch null', 'end'])
      expect(events.at(-1)?.position).toMatchObject({ offset: 1 })
      expect(events.at(-1)?.position?.epoch).not.toBe(before[0]?.position?.epoch)
    })

    it('finds a network that is silent, and passes the messages on after it', async () => {
      const channels = open()
      const consumer = await joined(channels, 'log:a')
      cable.silence()
      publishNumbers(channels, 'log:a', [1, 5])
      await until(() => !channels.stats().connected, 'notice of the silence')
      publishNumbers(channels, 'log:a', [6, 10])
      cable.mend()
      expect(valuesOf(await take(consumer, 10))).toEqual(numbers(1, 10))
    })

    it('sends a batch once whose answer was lost, if the group keeps a history', async () => {
      const channels = open({ pingIntervalMs: 60_000 })
      const consumer = await joined(channels, 'log:a')
      cable.deafen()
      publishNumbers(channels, 'log:a', [1, 3])
      const log = `case ${cases}:{log:a}:log`
      await until(async () => (await server.command(['XLEN', log])) === 3, 'run of the batch')
      publishNumbers(channels, 'log:a', [4, 6])
      cable.pull()
      await until(() => channels.stats().pending === 0, 'publications')
      channels.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(consumer, 'end'))).toEqual([...numbers(1, 6), 'end'])
      expect(channels.stats().dropped.publisher).toBe(0)
    })

    it('sends a batch no second time in a group without a history, and tells that', async () => {
      const channels = open({ pingIntervalMs: 60_000 })
      const other = open({ url: server.url })
      const consumer = await joined(other, 'a')
      await soon(channels.subscribe().join('a'), 'join')
      cable.deafen()
      publishNumbers(channels, 'a', [1, 3])
      expect(valuesOf(await take(consumer, 3))).toEqual(numbers(1, 3))
      publishNumbers(channels, 'a', [4, 6])
      cable.pull()
      await until(() => channels.stats().pending === 0, 'publications')
      channels.publish('a', 'end')
      const values = valuesOf(await takeUntil(consumer, 'end'))
      expect(values).toEqual(['gap publisher null', ...numbers(4, 6), 'end'])
      expect(channels.stats().dropped.publisher).toBe(3)
    })

    it('loses no message of a history in ten cuts during publications', async () => {
      const [one, two] = [open(), open()]
      const consumer = await joined(two, 'log:a', Infinity)
      for (let turn = 0; turn < 10; turn += 1) {
        publishNumbers(one, 'log:a', [turn * 300 + 1, turn * 300 + 300])
        const { pending } = one.stats()
        if (turn % 3 > 0) await until(() => one.stats().pending < pending, 'answer')
        cable.pull()
      }
      one.publish('log:a', 'end')
      const values = valuesOf(await takeUntil(consumer, 'end'))
      expect(values).toEqual([...numbers(1, 3_000), 'end'])
    })

    it('recovers after the server has ended a subscriber that reads too slowly', async () => {
      await server.command(['CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 256kb 0 0'])
      const [one, two] = [open({ url: server.url }), open({ pingIntervalMs: 60_000 })]
      const [kept, told] = [await joined(two, 'log:a', Infinity), await joined(two, 'a', Infinity)]
      cable.deafen()
      const filler = 'x'.repeat(200_000)
      let sent = 0
      // The buffers of the kernel take some mebibytes before those of the server grow.
      await until(async () => {
        for (const group of ['log:a', 'a']) one.publish(group, filler)
        sent += 1
        await until(() => one.stats().pending === 0, 'publications')
        return !String(await server.command(['CLIENT', 'LIST'])).includes(' sub=2 ')
      }, 'end of the subscriber')
      cable.hear()
      const events = await take(kept, sent)
      expect(events.every(({ type }) => type === 'message')).toBe(true)
      await takeUntil(told, 'gap broker null')
      one.publish('a', 'end')
      expect(valuesOf(await takeUntil(told, 'end'))).toEqual(['end'])
    })

    it('drops and counts a batch that the server refuses, and tells its number', async () => {
      const lines: string[] = []
      const channels = open({ log: logTo(lines) })
      const consumer = await joined(channels, 'log:a')
      await server.command(['SET', `case ${cases}:{log:a}:log`, 'a string'])
      publishNumbers(channels, 'log:a', [1, 3])
      await until(() => channels.stats().dropped.publisher === 3, 'drop')
      await server.command(['DEL', `case ${cases}:{log:a}:log`])
      channels.publish('log:a', 'end')
      expect(valuesOf(await takeUntil(consumer, 'end'))).toEqual(['gap publisher 3', 'end'])
      expect(lines).toEqual(['Redis refuses a message of channels'])
    })

    it('waits while the server has no memory', async () => {
      const channels = open()
      const consumer = await joined(channels, 'log:a')
      await server.command(['CONFIG', 'SET', 'maxmemory', '1'])
      publishNumbers(channels, 'log:a', [1, 3])
      await soon(new Promise((resolve) => setTimeout(resolve, 50)), 'pause')
      expect(channels.stats().pending).toBe(3)
      await server.command(['CONFIG', 'SET', 'maxmemory', '0'])
      expect(valuesOf(await take(consumer, 3))).toEqual(numbers(1, 3))
    })

    it('ignores frames of other programs, and says so once', async () => {
      const lines: string[] = []
      const channels = open({ log: logTo(lines) })
      const consumer = await joined(channels, 'a')
      for (const frame of ['', 'x', '\n3', '\n9:t:1', '\n2:tx', 'e.x\n3:t:1', '\n5:tx:12']) {
        await server.command(['PUBLISH', `case ${cases}:{a}`, frame])
      }
      channels.publish('a', 'end')
      expect(valuesOf(await takeUntil(consumer, 'end'))).toEqual(['end'])
      expect(lines).toEqual([expect.stringContaining('has another form')])
    })

    it('writes one line for each change of the connection, and close() does not wait for it', async () => {
      const lines: string[] = []
      cable.cut()
      const channels = open({ log: logTo(lines) })
      expect(channels.publish('a', 1)).toBe(true)
      await until(() => lines.length === 1 && channels.stats().pending === 1, 'line')
      const { connections } = cable
      await until(() => cable.connections > connections + 4, 'attempts')
      cable.mend()
      await until(() => channels.stats().connected, 'connection')
      expect(lines).toEqual([
        'Redis is not reachable: messages of channels wait',
        'Redis is reachable again: channels go on',
      ])
      cable.cut()
      await until(() => !channels.stats().connected, 'notice of the cut')
      channels.publish('a', 2)
      const start = performance.now()
      await soon(channels.close(), 'close')
      expect(performance.now() - start).toBeLessThan(4_000)
      expect(channels.publish('a', 3)).toBe(false)
    })

    it('needs no more rights than the guide names', async () => {
      const guide = await readFile(
        new URL('../../../docs/channels-redis.md', import.meta.url),
        'utf8',
      )
      const [, rights = ''] = /^user app on (.+)$/m.exec(guide) ?? []
      const prefix = `isthmus:${cases}:`
      await server.command(['ACL', 'SETUSER', 'app', 'reset', 'on', ...rights.trim().split(' ')])
      const lines: string[] = []
      const client = createClient({ url: cable.url, username: 'app', password: 'secret' })
      const channels = open({ client, prefix, log: logTo(lines) })
      const consumer = await joined(channels, 'log:a')
      await soon(consumer.join('a'), 'join')
      channels.publish('log:a', 1)
      expect(valuesOf(await take(consumer, 1))).toEqual([1])
      channels.publish('a', 2)
      expect(valuesOf(await take(consumer, 1))).toEqual([2])
      consumer.leave('a')
      expect(lines).toEqual([])
    })

    it('takes a client of the user, and its options', async () => {
      await server.command(['CONFIG', 'SET', 'requirepass', 'secret'])
      const wrong = open()
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(wrong.stats().connected).toBe(false)
      const client = createClient({ url: cable.url, password: 'secret' })
      const channels = open({ client })
      const consumer = await joined(channels, 'a')
      channels.publish('a', 1)
      expect(valuesOf(await take(consumer, 1))).toEqual([1])
      expect(client.isOpen).toBe(false)
      const admin = await createClient({ url: server.url, password: 'secret' }).connect()
      await admin.sendCommand(['CONFIG', 'SET', 'requirepass', ''])
      admin.destroy()
    })
  })
}

async function joined(channels: Channels, group: string, maxQueue = 256): Promise<Subscription> {
  const consumer = channels.subscribe({ maxQueue, maxQueueBytes: Infinity })
  await soon(consumer.join(group), 'join')
  return consumer
}

function logTo(lines: string[]): NonNullable<RedisOptions['log']> {
  const line = (_: unknown, message: string): void => void lines.push(message)
  return { debug: line, info: line, warn: line, error: line }
}
