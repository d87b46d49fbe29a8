// A sync run on the event loop, and the warning when it keeps the loop too long.

import { performance } from 'node:perf_hooks'
import type { SyncRun } from '../sync/run.ts'
import type { Chunk } from '../contract/environ.ts'
import type { HttpScope } from '../contract/events.ts'
import type { Log } from '../contract/log.ts'
import type { ChunkSource } from './pump.ts'

const MAX_HELD_MS = 50

/** Pulls a {@link SyncRun} and says which mount held the event loop for longer than 50 ms, and the cure. */
export class InlineRun implements ChunkSource {
  readonly #run: SyncRun
  readonly #scope: HttpScope
  readonly #log: Log
  #since = 0

  constructor(run: SyncRun, scope: HttpScope, log: Log) {
    this.#run = run
    this.#scope = scope
    this.#log = log
  }

  get head(): ChunkSource['head'] {
    return this.#run.head
  }

  get ended(): boolean {
    return this.#run.ended
  }

  /** Calls the app; nothing is iterated yet. What it takes counts with the first pull, or until {@link check}. */
  start(): void {
    this.#since = performance.now()
    this.#run.start()
  }

  pull(): Chunk | null {
    if (this.#since === 0) this.#since = performance.now()
    const chunk = this.#run.pull()
    this.check()
    return chunk
  }

  /** Says so when the app has held the loop for too long since it was called or pulled. */
  check(): void {
    const heldMs = performance.now() - this.#since
    this.#since = 0
    if (heldMs < MAX_HELD_MS) return
    const { method, path, rootPath } = this.#scope
    this.#log.warn(
      { mount: rootPath || '/', method, path, heldMs: Math.round(heldMs) },
      'an inline sync app held the event loop; host it in threads() to keep everything else responsive',
    )
  }
}
