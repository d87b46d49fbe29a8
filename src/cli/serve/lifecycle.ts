// What ends the process: signals, and errors that nobody caught.

import { constants } from 'node:os'
import { exit } from '../exit.ts'
import { FAILED } from '../report.ts'
import type { Log } from '../../contract/log.ts'
import type { Server } from '../../server/serve.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
// npm and other parents forward the SIGINT that the terminal has sent to the whole group already.
const ECHO_MS = 500

/** Logs what nobody handles, and goes on, as asyncio does. */
export function logUnhandledRejections(log: Log): void {
  process.on('unhandledRejection', (reason) => {
    log.error({ err: reason }, 'a promise was rejected and nobody handled it')
  })
}

/**
 * Takes over signals and uncaught exceptions for as long as the process lives.
 *
 * The first SIGINT or SIGTERM drains: exit status 0, or 1 where connections had to be cut. A second one ends
 * the process at once, with 128 + its number. An uncaught exception drains too, and exits with 1.
 */
export function endWithSignals(server: Pick<Server, 'close'>, log: Log): void {
  let draining: { signal: string; since: number } | undefined
  let status = 0

  const drain = (signal: string): void => {
    if (draining) return
    draining = { signal, since: Date.now() }
    server.close().then(
      ({ forced }) => {
        if (forced) log.warn({}, 'the time to drain was over: connections were cut')
        exit(forced ? FAILED : status)
      },
      (error: unknown) => {
        log.error({ err: error }, 'the server did not close cleanly')
        exit(FAILED)
      },
    )
  }

  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (!draining) {
        log.info({ signal }, `${signal}: draining; a second signal ends the process at once`)
        return drain(signal)
      }
      const isEcho = signal === draining.signal && Date.now() - draining.since < ECHO_MS
      if (!isEcho) exit(128 + constants.signals[signal])
    })
  }

  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'an exception was thrown and nobody caught it; draining')
    status = FAILED
    drain('uncaughtException')
  })
}
