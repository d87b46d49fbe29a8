// The master, in the eyes of its worker.

import { constants } from 'node:os'
import { settlesWithin } from '../../waiting/settles-within.ts'
import { exit } from '../exit.ts'
import { parentListener } from '../parent-listener.ts'
import { fromMaster, WORKER_VARIABLE } from '../worker-messages.ts'
import { Beats } from './beats.ts'
import { startWatchdog } from './watchdog.ts'
import type { Log } from '../../contract/log.ts'
import type { ServerAddress } from '../../server/engine.ts'
import type { Listener } from '../../server/listener.ts'
import type { Server } from '../../server/serve.ts'
import type { ServeCommand } from '../args.ts'
import type { ServerDefaults } from '../options-table.ts'
import type { Failure } from '../report-failure.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { FromWorker } from '../worker-messages.ts'

/** The signals that a worker gets as a request for its replacement. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
/** A terminal sends its signals to the master too, which decides for all workers. */
const TERMINAL_MS = 250
/** The signal of a terminal, and the echo of npm, are one. */
const ECHO_MS = 500
const SEND_MS = 1_000

/** The process of the worker. */
type Own = NodeJS.Process

/** The master of this process; null if the process is no worker. */
export function masterOf(own: Own): MasterLink | null {
  const number = own.env[WORKER_VARIABLE]
  // A process that the app starts is no worker.
  delete own.env[WORKER_VARIABLE]
  return number === undefined || own.send === undefined ? null : new MasterLink(Number(number), own)
}

/** Talks to the master until the process ends. */
export class MasterLink {
  readonly #number: number
  readonly #own: Own
  /** The process id of the master. */
  readonly #pid: number
  readonly #beats = new Beats((beat) => this.#send(beat))
  #life: Lifecycle | undefined
  #address: ServerAddress | undefined
  #onOpened: (() => void) | undefined
  #isDraining = false

  constructor(number: number, own: Own) {
    this.#number = number
    this.#own = own
    this.#pid = own.ppid
    own.on('message', (message) => this.#onMessage(message))
    // A promise that never settles ends a process that loads its app. Connections come later.
    own.channel?.unref()
  }

  /** The fields of each line of the log. */
  get logFields(): { worker: number; pid: number } {
    return { worker: this.#number, pid: this.#own.pid }
  }

  /** The signals, the orders and the end of the master decide about the life of the process. */
  govern(life: Lifecycle): void {
    const own = this.#own
    for (const signal of SIGNALS)
      own.on(
        signal,
        onSignal(signal, (asked) => this.#leave(asked)),
      )
    this.#life = life
    own.once('disconnect', () => {
      if (!life.isEnding)
        life.log.warn({}, 'the master has ended, or the app has closed the channel to it: draining')
      this.#onOpened?.()
      life.drain('the end of the master')
    })
    if (!own.connected) life.drain('the end of the master')
  }

  /** The connections that the master accepts. */
  listener({
    host,
    port,
    uds,
    fd,
  }: Pick<ServerDefaults, 'host' | 'port' | 'uds' | 'fd'>): Listener {
    const place = fd === null && uds !== null ? { path: uds } : { host, port }
    return parentListener(place, () => this.#ready(place), this.#own)
  }

  /** The app is loaded next: from now on the event loop is watched. */
  starting({ workers, logFormat }: ServeCommand, log: Log): void {
    const { timeoutWorkerMs: timeoutMs } = workers
    if (timeoutMs === 0) return
    const { logFields: fields } = this
    const { state } = this.#beats
    startWatchdog({ state, masterPid: this.#pid, timeoutMs, logFormat, fields }, log)
  }

  /** The worker serves: from now on it tells the master its state. */
  serving(server: Server): void {
    this.#beats.serving(server)
  }

  /** Tells the master why the worker cannot serve, and ends the process. */
  fail(failure: Failure, end: (status: number) => void): void {
    const sent = new Promise<void>((resolve) => {
      this.#send({ type: 'isthmus.worker.failed', ...failure }, resolve)
    })
    const ended = (): void => end(failure.status)
    settlesWithin(sent, SEND_MS).then(ended, ended)
  }

  #onMessage(given: unknown): void {
    const message = fromMaster(given)
    if (message?.type === 'isthmus.worker.opened') this.#address = message.address
    if (message?.type === 'isthmus.worker.drain') {
      this.#isDraining = true
      this.#life?.drain('the order of the master')
    }
    if (message) this.#onOpened?.()
  }

  // An order to drain, or the end of the master, ends the wait too: the server closes then.
  async #ready(place: ServerAddress): Promise<ServerAddress> {
    this.#own.channel?.ref()
    this.#send({ type: 'isthmus.worker.ready' })
    if (!this.#isDraining && this.#own.connected) {
      await new Promise<void>((resolve) => {
        this.#onOpened = resolve
      })
    }
    return this.#address ?? place
  }

  #leave(signal: string): void {
    if (this.#isDraining) return
    this.#send({ type: 'isthmus.worker.leave', reason: `it has got ${signal}` })
  }

  #send(message: FromWorker, onSent: () => void = () => undefined): void {
    if (this.#own.connected) this.#own.send?.(message, undefined, {}, onSent)
    else onSent()
  }
}

// A second signal ends the process at once.
function onSignal(signal: (typeof SIGNALS)[number], leave: (signal: string) => void): () => void {
  let since: number | undefined
  return () => {
    const now = Date.now()
    if (since !== undefined && now - since >= ECHO_MS) exit(128 + constants.signals[signal])
    if (since !== undefined) return
    since = now
    setTimeout(leave, TERMINAL_MS, signal).unref()
  }
}
