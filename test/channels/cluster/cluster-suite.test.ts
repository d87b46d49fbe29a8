// cluster() in the suite of all channels: several workers and their primary, over IPC channels inside one process.

import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { Children } from '../../../src/channels/cluster/children.ts'
import { WorkerChannels } from '../../../src/channels/cluster/process-channels.ts'
import { LocalChannels } from '../../../src/channels/local-channels.ts'
import { MemoryBroker } from '../../../src/channels/memory/broker.ts'
import { settingsOf, SHARED_DEFAULTS } from '../../../src/channels/options.ts'
import { describeChannels } from '../suite.ts'
import { makeIpc } from './ipc.ts'
import type { Channels, ChannelsOptions } from 'isthmus/channels'
import type { AttachedChild } from '../../../src/channels/cluster/children.ts'
import type { ChannelsBench } from '../suite/subject.ts'

const BOUNDS = { maxPending: 10_000, maxPendingBytes: 16 * 1024 * 1024 }

describeChannels({
  name: 'cluster(): workers and their primary',
  gaps: {},
  start: (options) => Promise.resolve(new ProcessesBench(options)),
})

/** The first channels are those of the primary, and the others those of workers. */
class ProcessesBench implements ChannelsBench {
  readonly #parts
  readonly #ends: AttachedChild[] = []
  readonly #workers: Channels[] = []
  #primary: LocalChannels
  #children: Children

  constructor(options: ChannelsOptions) {
    const settings = settingsOf('cluster', {
      ...SHARED_DEFAULTS,
      ...(options as typeof SHARED_DEFAULTS),
    })
    this.#parts = { name: randomUUID(), bounds: BOUNDS, settings }
    this.#primary = this.#makePrimary()
    this.#children = this.#serve()
  }

  async open(): Promise<Channels> {
    const { child, parent } = makeIpc(this.#ends.length % 2 === 0 ? 'json' : 'advanced')
    this.#ends.push(child)
    const worker = new WorkerChannels(this.#parts, parent)
    this.#workers.push(worker)
    this.#children.attach(child)
    while (!worker.stats().connected) await turn()
    return worker
  }

  interrupt(): Promise<void> {
    this.#children.close()
    return Promise.resolve()
  }

  restore(): Promise<void> {
    this.#children = this.#serve()
    return Promise.resolve()
  }

  async restartEmpty(): Promise<void> {
    this.#children.close()
    while (this.#workers.some((worker) => worker.stats().connected)) await turn()
    await this.#primary.close()
    this.#primary = this.#makePrimary()
    this.#children = this.#serve()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
    this.#children.close()
    await this.#primary.close()
  }

  #makePrimary(): LocalChannels {
    const { settings } = this.#parts
    return new LocalChannels((events) => new MemoryBroker(events, settings.historyOf), settings)
  }

  #serve(): Children {
    const { name, bounds } = this.#parts
    const children = new Children(this.#primary, name, bounds)
    for (const end of this.#ends) children.attach(end)
    return children
  }
}
