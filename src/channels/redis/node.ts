// One server of Redis: a connection to publish and to read, and one to subscribe.

import { isRefusal } from './client.ts'
import { Link } from './link.ts'
import type { NodeClient } from './client.ts'

/** The life of a server that does not tell the id of its process. */
export const NO_LIFE = 'none'

/** The parts of a node, and its reports. */
export interface NodeParts {
  dial: () => NodeClient | Promise<NodeClient>
  /** Subscribes to all groups of the node again. */
  onSubscriber: (node: RedisNode, client: NodeClient) => Promise<void>
  /** The subscriber is up, or down. */
  onSubscriberChange: (node: RedisNode, isUp: boolean) => void
  /** A connection is up, or down: `error` is the reason. */
  onChange: (node: RedisNode, isUp: boolean, error: unknown) => void
  pingIntervalMs: number
}

/** Keeps both connections. Its owner closes it. */
export class RedisNode {
  readonly publisher: Link
  readonly subscriber: Link
  #life = NO_LIFE

  constructor(options: NodeParts) {
    const { dial, pingIntervalMs } = options
    const onChange = (isUp: boolean, error: unknown): void => options.onChange(this, isUp, error)
    this.publisher = new Link({
      dial,
      pingIntervalMs,
      onChange,
      onConnect: async (client) => {
        this.#life = await lifeOf(client)
      },
    })
    this.subscriber = new Link({
      dial,
      pingIntervalMs,
      onChange: (isUp, error) => {
        options.onSubscriberChange(this, isUp)
        onChange(isUp, error)
      },
      onConnect: (client) => options.onSubscriber(this, client),
    })
  }

  /** The id of the process of the server that the publisher is connected to. */
  get life(): string {
    return this.#life
  }

  get isUp(): boolean {
    return this.publisher.client !== null && this.subscriber.client !== null
  }

  close(): void {
    this.publisher.close()
    this.subscriber.close()
  }
}

async function lifeOf(client: NodeClient): Promise<string> {
  try {
    const info = String(await client.sendCommand(['INFO', 'server']))
    return /run_id:(\w+)/.exec(info)?.[1] ?? NO_LIFE
  } catch (error) {
    if (isRefusal(error)) return NO_LIFE
    throw error
  }
}
