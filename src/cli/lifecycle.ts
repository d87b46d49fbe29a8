// The end of the process by a signal or an uncaught exception, and the reloads by SIGHUP. The signals are handled before the app is loaded:
// without a handler, a signal ends the process with no cleanup, and process 1 of a container does not get the signal at all.

import { constants } from 'node:os'
import { isSignalReason } from '../http/stop-reason.ts'
import { SILENT_LOG } from '../silent-log.ts'
import { settlesWithin } from '../waiting/settles-within.ts'
import { exit, exitByHangup } from './exit.ts'
import { FAILED } from './report-failure.ts'
import { scriptOf, watchParent } from './parent.ts'
import { poolReloads } from './reloads.ts'
import { ServiceManager, takeServiceManager } from './service-manager.ts'
import { watchTerminal } from './terminal.ts'
import type { ReloadOutcome } from '../contract/control.ts'
import type { Log } from '../contract/log.ts'
import type { Server } from '../server/serve.ts'
import type { Reloads } from './reloads.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
// npm and other parents forward a SIGINT that the terminal has already sent to the whole process group.
const ECHO_MS = 500
const LAST_MESSAGES_MS = 2_000
const PARENT = 'the end of the parent'

type Signal = (typeof SIGNALS)[number]

/** Logs each unhandled rejection. The process continues, as it does with asyncio. */
export function logUnhandledRejections(log: Log): void {
  process.on('unhandledRejection', (reason) => {
    // Work that got the signal of an exchange, and that the app does not wait for, ends in this way with its exchange.
    const level = isSignalReason(reason) ? 'debug' : 'error'
    log[level]({ err: reason }, 'a promise was rejected without a handler')
  })
}

/**
 * The end of the process, from the first signal on, and the reloads before it.
 *
 * The first SIGINT or SIGTERM stops the start, or drains the server; the exit status is 0, or 1 if connections were cut
 * or the app did not start in time. A second signal ends the process at once; the exit status is 128 + its number. The end
 * of the package manager that started the process counts as a signal. After the start, an uncaught exception drains the
 * server too; the exit status is 1.
 *
 * SIGHUP reloads the apps in threads and processes, except for the SIGHUP that comes because the terminal of the server was
 * closed: it drains, and ends the process afterwards.
 */
export class Lifecycle {
  log: Log = SILENT_LOG
  /** Ends the part of the server that has started; at first there is none. */
  close: Server['close'] = nothingToClose
  /** The reloads by SIGHUP: those of the pools of this process, unless it is a master. */
  reloads: Reloads = poolReloads()
  #draining: { signal: string; since: number } | undefined
  #status = 0
  #exit: (status: number) => void = exit
  #manager = new ServiceManager(async () => undefined, 0)

  /** Whether the process is about to end. */
  get isEnding(): boolean {
    return this.#draining !== undefined
  }

  /** Handles signals, and the end of a package manager, until the process ends. */
  handleSignals(): void {
    this.#manager = takeServiceManager(process.env, process.pid)
    for (const signal of SIGNALS) process.on(signal, () => this.#onSignal(signal))
    const hasLostTerminal = watchTerminal()
    process.on('SIGHUP', () => this.#onHangup(hasLostTerminal()))
    watchParent(process.env, () => this.#onParentEnd())
  }

  /** The server listens: a SIGHUP that has come before reloads now, and further ones at once. */
  handleReloads(): void {
    this.#manager.log = this.log
    this.#manager.ready()
    this.reloads.manager = this.#manager
    this.reloads.started(this.log)
  }

  /** Reloads as a SIGHUP does, and resolves at the end. */
  reload(): Promise<ReloadOutcome> {
    return this.reloads.order(this.log, 'the control socket')
  }

  /** Handles uncaught exceptions until the process ends. */
  handleExceptions(): void {
    process.on('uncaughtException', (error) => {
      this.log.error({ err: error }, 'an exception was thrown and not caught; draining')
      this.#status = FAILED
      this.drain('uncaughtException')
    })
  }

  /** Drains, and ends the process. `signal` is a signal, or the words for another reason. */
  drain(signal: string): void {
    if (this.#draining) return
    this.#draining = { signal, since: Date.now() }
    this.reloads.end()
    this.#manager.stopping()
    this.close().then(
      ({ forced }) => {
        if (forced) this.log.warn({}, 'the time to drain was over: connections were cut')
        this.#end(forced ? FAILED : this.#status)
      },
      (error: unknown) => {
        this.log.error({ err: error }, 'the server did not close cleanly')
        this.#end(FAILED)
      },
    )
  }

  // The messages to the service manager are sent by processes, one after the other.
  #end(status: number): void {
    const end = (): void => this.#exit(status)
    settlesWithin(this.#manager.sent(), LAST_MESSAGES_MS).then(end, end)
  }

  #onSignal(signal: Signal): void {
    const draining = this.#draining
    if (!draining) {
      this.log.info({ signal }, `${signal}: draining; a second signal ends the process at once`)
      return this.drain(signal)
    }
    const isSame = signal === draining.signal || draining.signal === PARENT
    const isEcho = isSame && Date.now() - draining.since < ECHO_MS
    if (!isEcho) exit(128 + constants.signals[signal])
  }

  #onHangup(isTerminalClosed: boolean): void {
    if (!isTerminalClosed) return void this.reloads.order(this.log)
    this.#exit = exitByHangup
    if (this.#draining) return
    this.log.info({ signal: 'SIGHUP' }, 'SIGHUP: the terminal was closed; draining')
    this.drain('SIGHUP')
  }

  #onParentEnd(): void {
    if (this.#draining) return
    this.log.info({}, `the parent of this server, "${scriptOf(process.env)}", has ended: draining`)
    this.drain(PARENT)
  }
}

async function nothingToClose(): ReturnType<Server['close']> {
  return { forced: false }
}
