// isthmus serve: loads the app, listens, prints the ready line, and runs until a signal.

import { listenLine, watchListening } from '../../bridge/listen-watch.ts'
import { AppError } from '../../errors.ts'
import { serve } from '../../server/serve.ts'
import { makeChannels } from '../channels-options.ts'
import { watchThreads } from '../exit.ts'
import { loadMounted, poolsOf } from '../load-mounted.ts'
import { withReloadStream } from '../reload-stream.ts'
import { layersOf } from './layers.ts'
import { logUnhandledRejections } from '../lifecycle.ts'
import { createLog } from '../log.ts'
import { hasOperator, needsFigures, NO_OPERATOR } from './operator-parts.ts'
import { readTls } from './tls-files.ts'
import type { MountTable } from '../../bridge/mount.ts'
import type { Channels } from '../../contract/channels.ts'
import type { EventApp } from '../../contract/events.ts'
import type { Log } from '../../contract/log.ts'
import type { ServeOptions } from '../../server/options.ts'
import type { Server } from '../../server/serve.ts'
import type { ServeCommand } from '../args.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { MasterLink } from './master-link.ts'
import type { OperatorParts } from './operator-parts.ts'

/**
 * Resolves when the server listens and `isthmus listening on …` is on stdout. Then a signal ends the process. A signal
 * before that moment stops the start.
 *
 * @param life handles signals already
 * @param master gives the connections, and prints the ready line, if this process is its worker
 */
export async function serveCommand(
  command: ServeCommand,
  life: Lifecycle,
  master: MasterLink | null,
): Promise<void> {
  const log = await openLog(command, life, master)
  watchThreads()
  master?.starting(command, log)
  const busy = watchApp(log)

  const wrap = layersOf(command)
  const app = await loadMounted(command, poolsOf(command), await metricsMount(command))
  if (life.isEnding) return
  const given = serveOptionsOf(command, master)
  // The parent of a development server has one process, and keeps no figures.
  const isWorker = master !== null && !command.reload.reload
  const operator = await operatorOf(app, command, { life, log, isWorker })
  await operator.prepare()
  const stop = new AbortController()
  const { signal } = stop
  const channels = await makeChannels(command.channels, log, master !== null)
  const starting = serve(withReloadStream(wrap(app)), { ...given, channels, log, signal })
  life.close = () => closed(() => stopped(starting, stop), channels)

  const server = await starting.catch((error: unknown) => {
    if (!life.isEnding) throw busy.get((error as { port?: number }).port) ?? error
  })
  if (!server) return
  life.close = () => closed(() => operator.close(() => server.close()), channels)
  await operator.open(server).catch(async (error: unknown) => {
    await server.close({ graceMs: 0 })
    throw error
  })
  life.handleExceptions()
  if (master) return master.serving(server)
  life.handleReloads()
  process.stdout.write(`isthmus listening on ${server.url}\n`)
}

async function openLog(
  { logLevel, logFormat, configFile }: ServeCommand,
  life: Lifecycle,
  master: MasterLink | null,
): Promise<Log> {
  const { log } = await createLog(logLevel, logFormat, master?.logFields)
  life.log = log
  logUnhandledRejections(log)
  if (configFile !== null) log.info({}, `options from ${configFile}`)
  return log
}

async function metricsMount({ metrics: place }: ServeCommand): Promise<MountTable> {
  if (place === null || !('path' in place)) return {}
  const { metrics } = await import('../../report/metrics/metrics.ts')
  return { [place.path]: metrics() }
}

async function operatorOf(
  app: EventApp,
  command: ServeCommand,
  { life, log, isWorker }: { life: Lifecycle; log: Log; isWorker: boolean },
): Promise<OperatorParts> {
  const { rootPath } = command.options
  if (isWorker) {
    const { WorkerOperator } = await import('./worker-operator.ts')
    return new WorkerOperator(app, rootPath, { own: process, log })
  }
  if (!hasOperator(command)) return NO_OPERATOR
  const { Operator } = await import('./operator.ts')
  return new Operator(app, rootPath, { ...command, log, reload: () => life.reload() })
}

function serveOptionsOf(command: ServeCommand, master: MasterLink | null): ServeOptions {
  const { options, threads } = command
  return {
    ...options,
    // A development server names the app that holds the event loop.
    figures: options.figures || command.reload.reload || needsFigures(command),
    sync: { ...options.sync, inlineThreads: threads === 0 },
    tls: readTls(command.tls),
    listener: master?.listener(options) ?? null,
  }
}

// A program that calls listen() while it is imported is a second server in this process: a metrics server on purpose, or
// the app by mistake. Returns the errors for our own server, by the ports that the app has taken.
function watchApp(log: Log): ReadonlyMap<number | string | undefined, AppError> {
  const errors = new Map<number | string | undefined, AppError>()
  watchListening((call) => {
    log.warn({}, `the app ${listenLine(call)}`)
    errors.set(call.address, new AppError(`the app ${listenLine(call)}`))
  })
  return errors
}

// The apps may publish until the server is closed.
async function closed(close: Server['close'], channels: Channels): ReturnType<Server['close']> {
  const result = await close()
  await channels.close()
  return result
}

// serve() shuts the lifespan of an app down that has started meanwhile.
async function stopped(
  starting: Promise<Server>,
  stop: AbortController,
): ReturnType<Server['close']> {
  stop.abort()
  try {
    return await (await starting).close()
  } catch (error) {
    if (error !== stop.signal.reason) throw error
    return { forced: false }
  }
}
