// isthmus serve --workers: starts the workers, prints the ready line when all of them serve, and runs until a signal.

import { urlOf } from '../../server/url-of.ts'
import { InvalidOptionError } from '../../errors.ts'
import { masterChannels } from '../channels-options.ts'
import { exit } from '../exit.ts'
import { Lifecycle, logUnhandledRejections } from '../lifecycle.ts'
import { createLog } from '../log.ts'
import { Reloads } from '../reloads.ts'
import { CrewLog } from './crew-log.ts'
import { Master } from './master.ts'
import type { ServeCommand } from '../args.ts'

/**
 * Resolves when all workers serve and `isthmus listening on …` is on stdout. Then a signal ends the process and its workers.
 *
 * @param count the number of workers
 */
export async function masterCommand(command: ServeCommand, count: number): Promise<void> {
  refuseAlone(command)
  let master: Master | undefined
  const life = new Lifecycle(
    new Reloads(async () => {
      const reloaded = await master?.reload()
      return (log) => {
        if (reloaded) new CrewLog(log).reloaded(reloaded.workers, reloaded.failure)
      }
    }),
  )
  life.handleSignals()
  const { log } = await createLog(command.logLevel, command.logFormat)
  life.log = log
  logUnhandledRejections(log)
  if (life.isEnding) return
  const { channels: flags, options, workers } = command
  const channels = masterChannels(flags, log)
  if (flags.channels === 'memory' && count > 1) {
    log.warn({ workers: count }, 'each worker has channels of its own: --channels memory')
  }
  const { graceMs, lifespanTimeoutMs } = options
  const times = { graceMs, lifespanTimeoutMs }
  master = new Master({ count, flags: workers, door: { ...options, log }, ...times, channels, log })
  life.close = async () => (await master?.close()) ?? { forced: false }
  process.once('exit', () => master?.kill())

  const opened = await master.open()
  if (life.isEnding) return
  if ('failure' in opened) {
    process.stderr.write(`isthmus: ${opened.failure.text}\n`)
    return exit(opened.failure.status)
  }
  life.handleExceptions()
  life.handleReloads()
  process.on('SIGTTIN', () => master?.resize(1))
  process.on('SIGTTOU', () => master?.resize(-1))
  const scheme = command.tls.cert.length === 0 ? options.protocol : 'https'
  process.stdout.write(`isthmus listening on ${urlOf(opened.address, scheme)}\n`)
}

// These parts of an operator are inside of one process.
function refuseAlone({ control, metrics, migrateState }: ServeCommand): void {
  const parts = { control, metrics, 'migrate-state': migrateState }
  const given = Object.entries(parts).find(([, value]) => value !== null)
  if (!given) return
  throw new InvalidOptionError(`--${given[0]} cannot be combined with --workers yet`)
}
