// A sync run on the event loop, with a warning if it blocks the loop for too long.

import { performance } from 'node:perf_hooks'
import { SILENT_LOG } from '../../silent-log.ts'
import { WrappedFile } from '../../sync/file-wrapper.ts'
import { SyncRun } from '../../sync/run.ts'
import { FileRun } from './file-run.ts'
import { reportStep } from './held-loop.ts'
import type { Chunk, Environ, SyncApp } from '../../contract/environ.ts'
import type { HttpScope } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { ResponseOptions } from '../../sync/start-response.ts'
import type { ChunkSource } from '../pump.ts'

/** Pulls an app as a {@link SyncRun}. A step of more than 50 ms is logged with its mount and the remedy. */
export class InlineRun implements ChunkSource, ResponseOptions {
  readonly #run: SyncRun
  readonly #scope: HttpScope
  #file: FileRun | undefined

  constructor(app: SyncApp, scope: HttpScope, environ: Environ) {
    this.#scope = scope
    this.#run = new SyncRun(app, environ, this)
  }

  get head(): ChunkSource['head'] {
    return this.#run.head
  }

  get ended(): boolean {
    return this.#file === undefined ? this.#run.ended : this.#file.ended
  }

  /** The next chunk; a promise if the app returned a file, which is read outside of the event loop. */
  pull(): Chunk | null | Promise<Chunk | null> {
    const since = performance.now()
    if (this.#run.body === undefined) this.#start()
    const chunk = this.#file === undefined ? this.#run.pull() : null
    reportStep(this.#scope, since)
    return this.#file === undefined ? chunk : this.#file.pull()
  }

  close(error?: unknown): void {
    this.#run.close(error)
  }

  warn(message: string, cause?: unknown): void {
    const { method, path } = this.#scope
    this.#log.warn({ method, path, err: cause }, message)
  }

  get #log(): Log {
    return this.#scope['isthmus.exchange']?.log ?? SILENT_LOG
  }

  #start(): void {
    this.#run.start()
    const { body } = this.#run
    if (body instanceof WrappedFile && body.filelike.fd !== undefined) {
      this.#file = new FileRun(this.#run, body)
    }
  }
}
