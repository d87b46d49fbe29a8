// redis() with a client for a Cluster, and with one for Sentinels.

import { createCluster, createSentinel } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { redis } from 'isthmus/channels'
import { slotOf } from '../../../src/channels/redis/slot.ts'
import {
  numbers,
  publishNumbers,
  soon,
  take,
  takeUntil,
  until,
  valuesOf,
} from '../suite/subject.ts'
import { SERVERS, TestServer } from './server.ts'
import type { Channels } from 'isthmus/channels'

const HISTORY = { 'log:*': { size: 100 } }
// A list or an object, by the version of the protocol.
const NUM_REPLICAS = /"num-slaves"[:,]"1"/
const opened: Channels[] = []
const servers: TestServer[] = []

afterEach(() => Promise.all(opened.splice(0).map((channels) => channels.close())))

for (const { name, command, missing } of SERVERS) {
  describe.skipIf(missing !== undefined)(`a cluster of ${name}`, () => {
    beforeAll(() => startCluster(command), 60_000)
    afterAll(stopServers)

    it('delivers by sharded channels, and keeps a group on one node', async () => {
      const [one, two] = openTwo()
      const consumer = two.subscribe()
      for (const group of ['a', 'b', 'log:a', 'log:{b}']) await soon(consumer.join(group), 'join')
      publishNumbers(one, 'log:{b}', [1, 3])
      expect(valuesOf(await take(consumer, 3))).toEqual([1, 2, 3])
      for (const group of ['a', 'b', 'log:a']) one.publish(group, group)
      expect(new Set(valuesOf(await take(consumer, 3)))).toEqual(new Set(['a', 'b', 'log:a']))
      const late = two.subscribe()
      const since = { epoch: '', offset: 0 }
      expect(await soon(late.join('log:{b}', { since }), 'join')).toMatchObject({ recovered: 3 })
      one.send(consumer.address, 'direct')
      expect(valuesOf(await take(consumer, 1))).toEqual(['direct'])
      expect(await servers[0]!.command(['PUBSUB', 'CHANNELS', '*'])).toEqual([])
    })

    it('that moves groups to another node leaves each message once and in order', async () => {
      const [one, two] = openTwo()
      const consumer = two.subscribe()
      await soon(consumer.join('log:a'), 'join')
      publishNumbers(one, 'log:a', [1, 5])
      expect(valuesOf(await take(consumer, 5))).toEqual(numbers(1, 5))
      await moveSlot(slotOf('log:a'))
      publishNumbers(one, 'log:a', [6, 10])
      await until(() => one.stats().pending === 0, 'publications')
      one.publish('log:a', 'end')
      const values = valuesOf(await takeUntil(consumer, 'end'))
      expect(values.filter((value) => typeof value === 'number')).toEqual(numbers(6, 10))
    })
  })
}

/** Two nodes that share the slots. They take writes two seconds after their start. */
async function startCluster(command: string): Promise<void> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const [first, second] = await Promise.all([
    TestServer.start(command, settings),
    TestServer.start(command, settings),
  ])
  servers.push(first, second)
  await first.command(['CLUSTER', 'ADDSLOTSRANGE', '0', '8191'])
  await second.command(['CLUSTER', 'ADDSLOTSRANGE', '8192', '16383'])
  await first.command(['CLUSTER', 'MEET', '127.0.0.1', String(second.port)])
  for (const server of [first, second]) {
    await until(
      async () => String(await server.command(['CLUSTER', 'INFO'])).includes('cluster_state:ok'),
      'cluster',
    )
  }
}

async function stopServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
}

/** The channels of two processes. */
function openTwo(): [Channels, Channels] {
  const client = createCluster({ rootNodes: [{ url: servers[0]!.url }] })
  const [one, two] = [redis({ client, history: HISTORY }), redis({ client, history: HISTORY })]
  opened.push(one, two)
  return [one, two]
}

/** Moves a slot without its keys: the next owner has none. */
async function moveSlot(slot: number): Promise<void> {
  const target = slot < 8192 ? servers[1]! : servers[0]!
  const source = slot < 8192 ? servers[0]! : servers[1]!
  const id = String(await target.command(['CLUSTER', 'MYID']))
  const keys = (await source.command(['CLUSTER', 'GETKEYSINSLOT', String(slot), '100'])) as string[]
  if (keys.length > 0) await source.command(['DEL', ...keys])
  // The import gives the next owner a higher epoch: without that, a late message of the other node takes the slot back.
  const from = String(await source.command(['CLUSTER', 'MYID']))
  await target.command(['CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', from])
  await source.command(['CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', id])
  for (const server of [target, source]) {
    await server.command(['CLUSTER', 'SETSLOT', String(slot), 'NODE', id])
  }
}

describe.skipIf(SERVERS[0]!.missing !== undefined)('Sentinels', () => {
  afterAll(stopServers)

  it('name the master, and the next one after its end', async () => {
    const [command, localhost] = [SERVERS[0]!.command, '127.0.0.1']
    const master = await TestServer.start(command, ['--repl-diskless-sync-delay', '0'])
    const replica = await TestServer.start(command, ['--replicaof', localhost, String(master.port)])
    const sentinel = await TestServer.startSentinel(command)
    servers.push(master, replica, sentinel)
    await sentinel.command(['SENTINEL', 'DEBUG', 'INFO-PERIOD', '100', 'PING-PERIOD', '100'])
    await sentinel.command(['SENTINEL', 'MONITOR', 'main', localhost, String(master.port), '1'])
    for (const [option, ms] of [
      ['down-after-milliseconds', '300'],
      ['failover-timeout', '2000'],
    ]) {
      await sentinel.command(['SENTINEL', 'SET', 'main', option!, ms!])
    }
    const client = createSentinel({
      name: 'main',
      sentinelRootNodes: [{ host: localhost, port: sentinel.port }],
    })
    const channels = redis({ client, history: HISTORY })
    opened.push(channels)
    const consumer = channels.subscribe()
    await soon(consumer.join('log:a'), 'join')
    publishNumbers(channels, 'log:a', [1, 3])
    expect(valuesOf(await take(consumer, 3))).toEqual([1, 2, 3])
    await until(
      async () => String(await master.command(['INFO', 'replication'])).includes('state=online'),
      'replica',
    )
    await until(
      async () =>
        NUM_REPLICAS.test(JSON.stringify(await sentinel.command(['SENTINEL', 'MASTER', 'main']))),
      'replica at the Sentinel',
    )
    await master.kill()
    await until(() => !channels.stats().connected, 'notice of the end')
    channels.publish('log:a', 'end')
    const isPublished = (): boolean => channels.stats().pending === 0
    // The Sentinels agree for a second, and the client asks them again after a pause that grows.
    await until(isPublished, '').catch(() => until(isPublished, 'publication after the failover'))
    // The next master is another server with older data, perhaps.
    expect(valuesOf(await takeUntil(consumer, 'end'))).toEqual(['gap epoch null', 'end'])
  }, 60_000)
})
