// The end of the process: by a signal, or by an uncaught exception.

import { constants } from 'node:os'
import { exit } from '../exit.ts'
import { FAILED } from '../report.ts'
import type { Log } from '../../contract/log.ts'
import type { Server } from '../../server/serve.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
// npm and other parents forward a SIGINT that the terminal has already sent to the whole process group.
const ECHO_MS = 500

/** Logs each unhandled rejection. The process continues, as it does with asyncio. */
export function logUnhandledRejections(log: Log): void {
  process.on('unhandledRejection', (reason) => {
    log.error({ err: reason }, 'a promise was rejected without a handler')
  })
}

/**
 * Handles signals and uncaught exceptions until the process ends.
 *
 * The first SIGINT or SIGTERM drains the server; the exit status is 0, or 1 if connections were cut. A second signal
 * ends the process at once; the exit status is 128 + its number. An uncaught exception drains the server too; the exit
 * status is 1.
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
    log.error({ err: error }, 'an exception was thrown and not caught; draining')
    status = FAILED
    drain('uncaughtException')
  })
}
