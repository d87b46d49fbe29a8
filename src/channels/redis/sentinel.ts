// The master that the Sentinels name.

import { settlesWithin } from '../../waiting/settles-within.ts'
import { singleConnection } from './client.ts'
import type { NodeClient } from './client.ts'

/** A client of the package `redis` from `createSentinel()`. */
export interface SentinelClient {
  connect(): Promise<unknown>
  destroy(): Promise<void>
  duplicate(): SentinelClient
  on(event: string, listener: () => void): unknown
  _execute<Value>(isReadOnly: boolean, work: (client: NodeClient) => Promise<Value>): Promise<Value>
}

const SEARCH_MS = 5_000

/** Asks the Sentinels for the master, and makes a client for it that has no connection yet. */
export async function dialMaster(sentinel: SentinelClient): Promise<NodeClient> {
  const scout = sentinel.duplicate()
  scout.on('error', () => undefined)
  try {
    const search = scout.connect().then(() =>
      // The only way to the options of a node; other functions of the client hide its connections and their ends.
      scout._execute(false, (client) => Promise.resolve(singleConnection(client))),
    )
    if (await settlesWithin(search, SEARCH_MS)) return await search
    throw new Error(`no Sentinel named a master within ${SEARCH_MS} ms`)
  } finally {
    await scout.destroy().catch(() => undefined)
  }
}
