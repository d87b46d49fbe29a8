// isthmus serve --workers: starts the workers, prints the ready line when all of them serve, and runs until a signal.

import { urlOf } from '../../server/url-of.ts'
import { masterChannels } from '../channels-options.ts'
import { exit } from '../exit.ts'
import { Lifecycle, logUnhandledRejections } from '../lifecycle.ts'
import { createLog } from '../log.ts'
import { Reloads } from '../reloads.ts'
import { CrewLog } from './crew-log.ts'
import { CrewOperator } from './crew-operator.ts'
import { Master } from './master.ts'
import type { ServeCommand } from '../args.ts'

/**
 * Resolves when all workers serve and `isthmus listening on …` is on stdout. Then a signal ends the process and its workers.
 *
 * @param count the number of workers
 */
export async function masterCommand(command: ServeCommand, count: number): Promise<void> {
  let master: Master | undefined
  const life = new Lifecycle(
    new Reloads(async () => {
      const { workers, failure } = (await master?.reload()) ?? { workers: 0, failure: null }
      return {
        outcome: failure
          ? { workers: 0, pools: 0, errors: [failure.text] }
          : { workers, pools: 0, errors: [] },
        report: (log) => new CrewLog(log).reloaded(workers, failure),
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
  const operator = new CrewOperator(command, log, () => life.reload())
  const { figures } = operator
  const door = { ...options, log }
  const own = new Master({ count, flags: workers, door, ...times, channels, figures, log })
  master = own
  life.close = () => operator.close(() => own.close())
  process.once('exit', () => own.kill())

  const opened = await own.open()
  if (life.isEnding) return
  if ('failure' in opened) {
    process.stderr.write(`isthmus: ${opened.failure.text}\n`)
    return exit(opened.failure.status)
  }
  await operator.open().catch(async (error: unknown) => {
    await own.close()
    throw error
  })
  life.handleExceptions()
  life.handleReloads()
  process.on('SIGTTIN', () => own.resize(1))
  process.on('SIGTTOU', () => own.resize(-1))
  const scheme = command.tlsCert === null ? 'http' : 'https'
  process.stdout.write(`isthmus listening on ${urlOf(opened.address, scheme)}\n`)
}
