// The channels of one process of several: over a history in its own memory, or over its parent process.

import nodeCluster from 'node:cluster'
import { invalidOption } from '../../complete-options.ts'
import { ChannelsClosedError } from '../errors.ts'
import { LinkBroker } from '../link/link-broker.ts'
import { LocalChannels } from '../local-channels.ts'
import { MemoryBroker } from '../memory/broker.ts'
import { Children } from './children.ts'
import { ParentPort } from './parent-port.ts'
import { becomePrimary, resignAsPrimary } from './role.ts'
import type { Worker } from 'node:cluster'
import type { Broker, BrokerEvents, BrokerFactory } from '../broker.ts'
import type { LinkBounds } from '../link/messages.ts'
import type { ChannelsSettings } from '../options.ts'
import type { AttachedChild } from './children.ts'
import type { ParentEnd } from './parent-port.ts'

/** The parts of `cluster()` that its options decide. */
interface ClusterParts {
  readonly name: string
  readonly bounds: LinkBounds
  readonly settings: ChannelsSettings
}

/** Channels that serve child processes of this one, over a broker of any kind. */
class ProcessChannels extends LocalChannels {
  readonly #children: Children
  protected isClosed = false

  constructor({ name, bounds, settings }: ClusterParts, makeBroker: BrokerFactory) {
    super(makeBroker, settings)
    this.#children = new Children(this, name, bounds)
  }

  attach(child: AttachedChild): void {
    if (typeof child.send !== 'function') {
      throw invalidOption('attach', 'child', child, 'it is a process of fork(), or has stdio "ipc"')
    }
    if (this.isClosed) throw new ChannelsClosedError()
    if (child.connected) this.#children.attach(child)
  }

  override close(): Promise<void> {
    this.isClosed = true
    const closing = super.close()
    this.#children.close()
    return closing
  }
}

/** The channels of a primary: histories in its memory, and all workers of `node:cluster` attached. */
export class PrimaryChannels extends ProcessChannels {
  readonly #name: string
  readonly #onFork = this.#attachWorker.bind(this)

  /** @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) if this process is the primary of the name already */
  constructor(parts: ClusterParts) {
    super(parts, (events) => new MemoryBroker(events, parts.settings.historyOf))
    becomePrimary(parts.name)
    this.#name = parts.name
    nodeCluster.on('fork', this.#onFork)
    for (const worker of Object.values(nodeCluster.workers ?? {})) {
      if (worker) this.#attachWorker(worker)
    }
  }

  override close(): Promise<void> {
    // After a second call, the name may belong to other channels.
    if (!this.isClosed) resignAsPrimary(this.#name)
    nodeCluster.off('fork', this.#onFork)
    return super.close()
  }

  #attachWorker(worker: Worker): void {
    this.attach(worker.process)
  }
}

/** The channels of a process that has those of its parent. */
export class WorkerChannels extends ProcessChannels {
  constructor(parts: ClusterParts, parent: ParentEnd = process as unknown as ParentEnd) {
    super(parts, (events) => parentBroker(parent, parts, events))
  }
}

function parentBroker(parent: ParentEnd, parts: ClusterParts, events: BrokerEvents): Broker {
  const port = new ParentPort(parent, parts.name, events)
  const link = new LinkBroker(events, port, parts.bounds)
  port.open(link)
  return link
}
