// isthmus serve --workers: starts the workers, prints the ready line when all of them serve, and runs until a signal.

import cluster from 'node:cluster'
import { InvalidOptionError } from '../../errors.ts'
import { urlOf } from '../../server/url-of.ts'
import { usableCores } from '../../usable-cores.ts'
import { masterChannels } from '../channels-options.ts'
import { exit } from '../exit.ts'
import { logUnhandledRejections } from '../lifecycle.ts'
import { createLog } from '../log.ts'
import { Reloads } from '../reloads.ts'
import { MasterLog } from './master-log.ts'
import { MasterOperator } from './master-operator.ts'
import { Master } from './master.ts'
import type { ServeCommand } from '../args.ts'
import type { MasterParts } from './master.ts'
import type { Lifecycle } from '../lifecycle.ts'

const INSIDE_CLUSTER =
  '--workers cannot be used in a worker of node:cluster, which the app, or the cluster mode of pm2, has started: leave ' +
  'one of the two out'

/**
 * Resolves when all workers serve and `isthmus listening on …` is on stdout. Then a signal ends the process and its workers.
 *
 * @param count the number of workers
 * @param life handles signals already
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) in a worker of `node:cluster`
 */
export async function masterCommand(
  command: ServeCommand,
  count: number,
  life: Lifecycle,
): Promise<void> {
  // In a worker of ours the app is the primary of its own cluster: its workers run this command again, without an end.
  if (cluster.isWorker) throw new InvalidOptionError(INSIDE_CLUSTER)
  const { log } = await createLog(command.logLevel, command.logFormat)
  life.log = log
  logUnhandledRejections(log)
  if (life.isEnding) return
  const operator = new MasterOperator(command, log, () => life.reload())
  const master = await masterOf(command, { count, figures: operator.figures, log })
  life.close = () => operator.close(() => master.close())
  life.reloads = crewReloads(master)
  process.once('exit', () => master.kill())

  const opened = await master.open()
  if (life.isEnding) return
  if ('failure' in opened) {
    process.stderr.write(`isthmus: ${opened.failure.text}\n`)
    return exit(opened.failure.status)
  }
  await operator.open().catch(async (error: unknown) => {
    await master.close()
    throw error
  })
  life.handleExceptions()
  life.handleReloads()
  process.on('SIGTTIN', () => master.resize(1))
  process.on('SIGTTOU', () => master.resize(-1))
  const scheme = command.tls.cert.length === 0 ? command.options.protocol : 'https'
  process.stdout.write(`isthmus listening on ${urlOf(opened.address, scheme)}\n`)
}

/** A storm of SIGTTIN would start processes until the memory is full. */
const MOST_PER_CORE = 4

type GivenParts = Pick<MasterParts, 'count' | 'figures' | 'log'>

async function masterOf(
  { channels, options, workers }: ServeCommand,
  given: GivenParts,
): Promise<Master> {
  const { count, log } = given
  if (channels.channels === 'memory' && count > 1) {
    log.warn({ workers: count }, 'each worker has channels of its own: --channels memory')
  }
  return new Master({
    ...given,
    maxCount: Math.max(count, MOST_PER_CORE * usableCores()),
    flags: workers,
    balancer: { ...options, log },
    graceMs: options.graceMs,
    lifespanTimeoutMs: options.lifespanTimeoutMs,
    channels: await masterChannels(channels, log),
  })
}

function crewReloads(master: Master): Reloads {
  return new Reloads(async () => {
    const { workers, failure } = await master.reload()
    const errors = failure ? [failure.text] : []
    return {
      outcome: { workers: failure ? 0 : workers, pools: 0, errors },
      report: (log) => new MasterLog(log).reloaded(workers, failure),
    }
  })
}
