// The nodes of a Redis Cluster, and which of them has a group.

import { settlesWithin } from '../../waiting/settles-within.ts'
import { singleConnection } from './client.ts'
import { tagOf } from './keys.ts'
import { RedisNode } from './node.ts'
import { slotOf } from './slot.ts'
import type { NodeClient } from './client.ts'
import type { Router, RouterParts } from './router.ts'

/** A client of the package `redis` from `createCluster()`. */
export interface ClusterClient {
  readonly slots: ReadonlyArray<{ readonly master: ClusterMaster } | undefined>
  connect(): Promise<unknown>
  destroy(): void
  duplicate(overrides: object): ClusterClient
  nodeClient(node: ClusterMaster): Promise<unknown>
  on(event: string, listener: () => void): unknown
}

interface ClusterMaster {
  readonly address: string
  readonly client?: NodeClient | undefined
}

/** The masters of the slots, as one of the nodes tells them. */
interface Table {
  readonly addresses: ReadonlyArray<string | undefined>
  readonly clients: ReadonlyMap<string, NodeClient>
}

const DISCOVERY_MS = 5_000
const PAUSE_MS = 250
// A client that waits for an answer when its group moves is not told the move.
const REFRESH_MS = 30_000

/** Finds the nodes, and connects to those whose groups are used. */
export class ClusterRouter implements Router {
  readonly #options: RouterParts
  readonly #cluster: ClusterClient
  readonly #nodes = new Map<string, RedisNode>()
  #table: Table | null = null
  #timer: NodeJS.Timeout | undefined
  #isDiscovering = false
  #isStale = false
  #isClosed = false

  constructor(options: RouterParts, cluster: ClusterClient) {
    this.#options = options
    this.#cluster = cluster
    this.refresh()
  }

  get isConnected(): boolean {
    return this.#table !== null && [...this.#nodes.values()].every((node) => node.isUp)
  }

  nodeOf(group: string): RedisNode | null {
    const address = this.#table?.addresses[slotOf(tagOf(group))]
    const client = address === undefined ? undefined : this.#table?.clients.get(address)
    if (address === undefined || !client || this.#isClosed) return null
    const known = this.#nodes.get(address)
    if (known) return known
    const node = new RedisNode({ ...this.#options, dial: () => singleConnection(client) })
    this.#nodes.set(address, node)
    return node
  }

  /** Asks for the masters; during a question another one comes after it. */
  refresh(): void {
    this.#isStale = true
    if (this.#isDiscovering || this.#isClosed) return
    clearTimeout(this.#timer)
    this.#isDiscovering = true
    // It has no rejection: a failure is told, and the question comes again.
    this.#discover().catch(() => undefined)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const node of this.#nodes.values()) node.close()
  }

  async #discover(): Promise<void> {
    this.#isStale = false
    try {
      const table = await tableOf(this.#cluster)
      if (!this.#isClosed) this.#take(table)
    } catch (error) {
      this.#isStale = true
      if (!this.#isClosed) this.#options.onUnknown(error)
    }
    if (this.#isClosed) return
    this.#timer = setTimeout(
      () => {
        this.#isDiscovering = false
        this.refresh()
      },
      this.#isStale ? PAUSE_MS : REFRESH_MS,
    )
    this.#isDiscovering = this.#isStale
  }

  #take(table: Table): void {
    this.#table = table
    for (const [address, node] of this.#nodes) {
      if (table.clients.has(address)) continue
      this.#nodes.delete(address)
      node.close()
    }
    this.#options.onRouted()
  }
}

async function tableOf(cluster: ClusterClient): Promise<Table> {
  // Without this option the client would wait for a master that is away.
  const scout = cluster.duplicate({ minimizeConnections: true })
  scout.on('error', () => undefined)
  try {
    if (!(await settlesWithin(scout.connect(), DISCOVERY_MS))) {
      throw new Error(`no node of the cluster answered within ${DISCOVERY_MS} ms`)
    }
    const clients = new Map<string, NodeClient>()
    const addresses = scout.slots.map((slot) => {
      if (slot && !clients.has(slot.master.address)) addClient(scout, slot.master, clients)
      return slot?.master.address
    })
    return { addresses, clients }
  } finally {
    destroy(scout)
  }
}

// The client of a master has the options of the cluster and the address of the master: a copy is made before it connects.
function addClient(
  scout: ClusterClient,
  master: ClusterMaster,
  clients: Map<string, NodeClient>,
): void {
  scout.nodeClient(master).catch(() => undefined)
  if (master.client) clients.set(master.address, singleConnection(master.client))
}

function destroy(scout: ClusterClient): void {
  try {
    scout.destroy()
  } catch {
    // It has not connected.
  }
}
