// Which server has a group.

import { RedisNode } from './node.ts'
import type { NodeParts } from './node.ts'

/** The parts of a router, and its reports. */
export interface RouterParts extends Omit<NodeParts, 'dial'> {
  /** The groups have other servers than before, perhaps. */
  onRouted: () => void
  /** The servers are not found. */
  onUnknown: (error: unknown) => void
}

/** Knows the servers of a broker. */
export interface Router {
  /** Whether all servers are reachable. */
  readonly isConnected: boolean
  /** The server of a group; null while it is not known. */
  nodeOf(group: string): RedisNode | null
  /** The servers have told that groups have moved. */
  refresh(): void
  close(): void
}

/** One server has all groups: a single one, or the master that the Sentinels name. */
export class SingleRouter implements Router {
  readonly #node: RedisNode

  constructor(options: NodeParts) {
    this.#node = new RedisNode(options)
  }

  get isConnected(): boolean {
    return this.#node.isUp
  }

  nodeOf(): RedisNode {
    return this.#node
  }

  refresh(): void {}

  close(): void {
    this.#node.close()
  }
}
