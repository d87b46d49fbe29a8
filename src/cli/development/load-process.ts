// A process of a development server: it waits for the order to load the app, serves, and ends with the next load.

import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ChildTarget } from '../child-target.ts'
import { isMessage, STOP } from '../connection-messages.ts'
import { fromWorker, WORKER_VARIABLE } from '../worker-messages.ts'
import { WITHOUT_INSPECTOR } from './inspector.ts'
import { FILES_DESCRIPTOR, fromSpare, SPARE_VARIABLE } from './messages.ts'
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { FromMaster } from '../worker-messages.ts'
import type { InspectorPlace } from './inspector.ts'
import type { LoadOrder } from './messages.ts'

/** The settings of a process. */
interface LoadSettings {
  readonly minThreads: number
  readonly typescript: string
  readonly inspector: InspectorPlace | null
}

/** The owner of a process. */
export interface LoadOwner {
  onReady(process: LoadProcess): void
  /** The process loads `file`, or has not found it. */
  onFile(file: string): void
  /** The app listens on a port itself, which one process can have. */
  onListens(): void
  onStop(process: LoadProcess): void
  /** The process has ended; `failure` is that of the app, if it told one. */
  onEnd(process: LoadProcess, failure: string | null): void
}

// Open streams must not delay the new code, and a debugger stops the event loop.
const FLAGS = ['--timeout-graceful-shutdown=0.2', '--timeout-drain-idle=0', '--timeout-worker=0']
/** The time for the grace and for the shutdown of the app; then the process is killed. */
const END_MS = 2_500

/** Its owner ends it. */
export class LoadProcess {
  readonly child: ChildProcess
  readonly target: ChildTarget
  readonly #owner: LoadOwner
  readonly #inspector: InspectorPlace | null
  #order: LoadOrder | null = null
  #isWarm = false
  #failure: string | null = null

  /**
   * @param minThreads the threads that the load waits for: each one that loads TypeScript costs as much as the app itself
   * @param typescript the TypeScript file of the app, for which tsx is loaded; empty without one
   * @param inspector the place of the inspector, which the process takes when it loads
   */
  constructor({ minThreads, typescript, inspector }: LoadSettings, owner: LoadOwner) {
    this.#owner = owner
    this.#inspector = inspector
    const flags = [...FLAGS, `--threads-min=${minThreads}`]
    this.child = fork(process.argv[1] ?? '', [...process.argv.slice(2), ...flags], {
      env: {
        NODE_ENV: 'development',
        ...process.env,
        [WORKER_VARIABLE]: '1',
        [SPARE_VARIABLE]: typescript,
      },
      execArgv: [
        ...process.execArgv,
        WITHOUT_INSPECTOR,
        '--import',
        new URL('./import-watch.js', import.meta.url).href,
      ],
      // Several readers of one stdin would each get a part of the input.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
    })
    const input = this.child.stdio[FILES_DESCRIPTOR] as Readable
    createInterface({ input }).on('line', (file) => this.#owner.onFile(file))
    this.target = new ChildTarget(this.child)
    this.child.on('message', (message) => this.#onMessage(message))
    this.child.on('error', (error) => (this.#failure ??= error.message))
    this.child.once('close', () => this.#owner.onEnd(this, this.#failure))
  }

  /** Loads the app, as soon as the process is warm. Further calls do nothing. */
  load(number: number): void {
    if (this.#order) return
    this.#order = { type: 'isthmus.development.load', load: number, inspector: this.#inspector }
    if (this.#isWarm) this.#send(this.#order)
  }

  /** Tells the process that it serves. */
  opened(message: FromMaster & { type: 'isthmus.worker.opened' }): void {
    this.#send(message)
  }

  /** Ends the process with a short grace. */
  end(): void {
    this.#send({ type: 'isthmus.worker.drain' })
    setTimeout(() => this.kill(), END_MS).unref()
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  #onMessage(given: unknown): void {
    if (isMessage(given, STOP)) return this.#owner.onStop(this)
    const ours = fromSpare(given)
    if (ours?.type === 'isthmus.development.listens') this.#owner.onListens()
    if (ours?.type === 'isthmus.development.warm') {
      this.#isWarm = true
      if (this.#order) this.#send(this.#order)
    }
    const message = fromWorker(given)
    if (message?.type === 'isthmus.worker.ready') this.#owner.onReady(this)
    if (message?.type === 'isthmus.worker.failed') this.#failure = message.text
  }

  #send(message: FromMaster | LoadOrder): void {
    // A process that has ended gets no message; `onEnd` tells.
    if (this.child.connected) this.child.send(message, () => undefined)
  }
}
