// The loads of a development server: one process serves, and a spare one is warm for the next load.

import { LoadProcess } from './load-process.ts'
import type { ClusterChannels } from '../../channels/cluster/cluster.ts'
import type { Log } from '../../contract/log.ts'
import type { ServerAddress } from '../../server/engine.ts'
import type { ConnectionBalancer, ConnectionTarget } from '../connection-balancer.ts'
import type { FileWatch } from './file-watch.ts'
import type { InspectorPlace } from './inspector.ts'
import type { LoadOwner } from './load-process.ts'

/** The answers to clients while the app does not load. */
export interface FailureServer extends ConnectionTarget {
  /** From now on it shows this failure. */
  show(failure: string, load: number): void
  /** Ends its responses. */
  leave(): void
}

/** The parts of a {@link Reloader}; their owner closes them. */
export interface ReloaderParts {
  readonly balancer: ConnectionBalancer
  readonly address: ServerAddress
  readonly watch: FileWatch
  readonly failures: FailureServer
  readonly channels: ClusterChannels | null
  /** The TypeScript file of the app, for which tsx is loaded; empty without one. */
  readonly typescript: string
  /** The place of the inspector that the process of the app has. */
  readonly inspector: InspectorPlace | null
  /** The threads that a load waits for. */
  readonly minThreads: number
  /** Whether the command line names a port or a file that one process of the app can have. */
  readonly isExclusive: boolean
  readonly log: Log
  /** The first load has ended, well or not. */
  onFirst(): void
}

/** Loads the app, and loads it anew at each change. Its owner closes it. */
export class Reloader implements LoadOwner {
  readonly #parts: ReloaderParts
  #load = 0
  #since = 0
  #spare: LoadProcess | null = null
  #loading: LoadProcess | null = null
  #serving: LoadProcess | null = null
  readonly #ending = new Set<LoadProcess>()
  /** Whether two processes of the app cannot run at the same time, because they take the same port or file. */
  #isExclusive: boolean
  #isFailed = false
  #isClosed = false
  #onAllEnded: () => void = () => undefined

  constructor(parts: ReloaderParts) {
    this.#parts = parts
    this.#isExclusive = parts.isExclusive
  }

  /** Loads the app for the first time. */
  start(): void {
    this.#begin()
  }

  /** A watched file has changed. */
  changed(path: string): void {
    if (!this.#isClosed) this.#parts.log.info({}, `${path} has changed: reloading`)
    this.reload()
  }

  /** Loads the app anew. */
  reload(): void {
    if (!this.#isClosed) this.#begin()
  }

  /** Ends all processes. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#spare?.kill()
    this.#loading?.kill()
    this.#retire(this.#serving)
    this.#serving = null
    const ended = new Promise<void>((resolve) => {
      this.#onAllEnded = resolve
    })
    if (this.#ending.size > 0) await ended
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const one of [this.#spare, this.#loading, this.#serving, ...this.#ending]) one?.kill()
  }

  onReady(process: LoadProcess): void {
    if (process !== this.#loading) return
    const { balancer, address, failures, log } = this.#parts
    this.#loading = null
    process.opened({ type: 'isthmus.worker.opened', address })
    balancer.add(process.target)
    this.#retire(this.#serving)
    this.#serving = process
    if (this.#isFailed) {
      balancer.remove(failures)
      failures.leave()
      this.#isFailed = false
    }
    const tookMs = Math.round(performance.now() - this.#since)
    if (this.#load > 1) log.info({ tookMs }, `reloaded in ${tookMs} ms`)
    this.#ended()
  }

  onFile(file: string): void {
    this.#parts.watch.add([file])
  }

  onListens(): void {
    this.#isExclusive = true
  }

  onStop(process: LoadProcess): void {
    this.#parts.balancer.remove(process.target)
    process.target.stop()
  }

  onEnd(process: LoadProcess, failure: string | null): void {
    this.#parts.balancer.remove(process.target)
    if (this.#ending.delete(process)) {
      if (this.#ending.size > 0) return
      this.#onAllEnded()
      if (!this.#isClosed) this.#loading?.load(this.#load)
    } else if (process === this.#spare) this.#spare = null
    else if (process === this.#loading) {
      this.#loading = null
      this.#failed(failure ?? endOf(process, 'while the app loaded'))
    } else if (process === this.#serving) {
      this.#serving = null
      this.#failed(failure ?? endOf(process, 'while it served'))
    }
  }

  // A change during a load: its process may have read the old files.
  #begin(): void {
    this.#loading?.kill()
    if (this.#loading) this.#ending.add(this.#loading)
    if (this.#isExclusive) {
      this.#retire(this.#serving)
      this.#serving = null
    }
    this.#load += 1
    this.#since = performance.now()
    this.#loading = this.#spare ?? this.#fork()
    this.#spare = null
    const mustWait = this.#isExclusive && this.#ending.size > 0
    if (!mustWait) this.#loading.load(this.#load)
  }

  #failed(failure: string): void {
    if (this.#isClosed) return
    const { balancer, failures } = this.#parts
    process.stderr.write(`isthmus: ${failure}\n`)
    failures.show(failure, this.#load)
    // The pages of the failure before this one load themselves anew.
    if (this.#isFailed) failures.leave()
    else balancer.add(failures)
    this.#isFailed = true
    this.#retire(this.#serving)
    this.#serving = null
    this.#ended()
  }

  // The next spare process starts after the load, because it would slow it down.
  #ended(): void {
    if (this.#load === 1) this.#parts.onFirst()
    this.#spare ??= this.#fork()
  }

  #retire(old: LoadProcess | null): void {
    if (!old) return
    this.#parts.balancer.remove(old.target)
    this.#ending.add(old)
    old.end()
  }

  #fork(): LoadProcess {
    const { channels } = this.#parts
    const forked = new LoadProcess(this.#parts, this)
    channels?.attach(forked.child)
    return forked
  }
}

function endOf({ child }: LoadProcess, when: string): string {
  const { exitCode, signalCode } = child
  return `the process of the app has ended ${when}, ${signalCode === null ? `with status ${exitCode}` : `by ${signalCode}`}`
}
