// From chunks that are pulled out of an app to response events, at the pace of the client.

import { Fairness } from './fairness.ts'
import type { Chunk } from '../contract/environ.ts'
import type { HeaderPairs, Send } from '../contract/events.ts'

/** A response to be pulled: a sync run, or an async one. */
export interface ChunkSource {
  /** Stands once the first pull is done. */
  readonly head: { readonly status: number; readonly headers: HeaderPairs } | undefined
  /** The chunk pulled last is the last one. */
  readonly ended: boolean
  /** The next chunk, never empty; null at the end. */
  pull(): Chunk | null | Promise<Chunk | null>
  /** Called in the end, however it went: `error` is why it failed, else undefined. */
  close(error?: unknown): void | Promise<void>
}

/**
 * Sends all of `source`, and closes it. The next chunk is pulled when the client has taken the one before (PEP 3333,
 * "Buffering and Streaming"), and the event loop turns in between.
 *
 * @throws what the app threw, or what `send` rejected with
 */
export async function pump(source: ChunkSource, send: Send): Promise<void> {
  let failure: unknown
  try {
    const first = source.pull()
    let chunk = first instanceof Promise ? await first : first
    const { status, headers } = source.head as NonNullable<ChunkSource['head']>
    await send({ type: 'http.response.start', status, headers })

    const breath = new Fairness()
    while (chunk !== null && !source.ended) {
      await send({ type: 'http.response.body', body: chunk, moreBody: true })
      await breath.taken()
      chunk = await source.pull()
    }
    await send({ type: 'http.response.body', body: chunk ?? '', moreBody: false })
  } catch (error) {
    failure = error
    throw error
  } finally {
    const closed = source.close(failure)
    if (closed) await closed
  }
}
