// Pulls chunks from an app and sends them as response events, at the pace of the client.

import { Fairness } from './fairness.ts'
import type { Chunk } from '../contract/environ.ts'
import type { HeaderPairs, Send } from '../contract/events.ts'

/** A response that the host pulls: the run of a sync app or of an async-iterable one. */
export interface ChunkSource {
  /** Defined after the first pull. */
  readonly head: { readonly status: number; readonly headers: HeaderPairs } | undefined
  /** The last pull returned the last chunk. */
  readonly ended: boolean
  /** The next chunk, never empty; null at the end. */
  pull(): Chunk | null | Promise<Chunk | null>
  /** Called once at the end, after success and failure. `error` is the reason of the failure, else undefined. */
  close(error?: unknown): void | Promise<void>
}

/**
 * Sends all chunks of `source`, and closes it. The next chunk is pulled when the client has taken the previous one (PEP
 * 3333, "Buffering and Streaming"), with turns of the event loop in between.
 *
 * @throws the error of the app, or of `send`
 */
export async function pump(source: ChunkSource, send: Send): Promise<void> {
  let failure: unknown
  try {
    const first = source.pull()
    let chunk = first instanceof Promise ? await first : first
    const { status, headers } = source.head as NonNullable<ChunkSource['head']>
    await send({ type: 'http.response.start', status, headers })

    const fairness = new Fairness()
    while (chunk !== null && !source.ended) {
      await send({ type: 'http.response.body', body: chunk, moreBody: true })
      const turn = fairness.afterChunk()
      if (turn) await turn
      const next = source.pull()
      chunk = next instanceof Promise ? await next : next
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
