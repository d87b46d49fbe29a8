// isthmus serve --reload: a parent owns the port, and gives its connections to the process that has loaded the newest code.

import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { urlOf } from '../../server/url-of.ts'
import { InvalidOptionError } from '../../errors.ts'
import { masterChannels } from '../channels-options.ts'
import { CONFIG_NAMES } from '../config/config-file.ts'
import { ConnectionBalancer } from '../connection-balancer.ts'
import { logUnhandledRejections } from '../lifecycle.ts'
import { createLog } from '../log.ts'
import { Reloads } from '../reloads.ts'
import { openFailureServer } from './failure-server.ts'
import { FileWatch } from './file-watch.ts'
import { globTest } from './glob.ts'
import { takeInspector } from './inspector.ts'
import { Reloader } from './reloader.ts'
import type { ReloadOutcome } from '../../contract/control.ts'
import type { Log } from '../../contract/log.ts'
import type { ServeOptions } from '../../server/options.ts'
import type { ServeCommand } from '../args.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { ReloaderParts } from './reloader.ts'

/**
 * Resolves when the app is loaded for the first time, and `isthmus listening on …` is on stdout. Then a signal ends the
 * process.
 *
 * @param tls the certificates, for the page of an app that does not load
 * @param life handles signals already
 */
export async function developmentCommand(
  command: ServeCommand,
  tls: ServeOptions['tls'],
  life: Lifecycle,
): Promise<void> {
  refuseWorkers(command)
  let reloader: Reloader | undefined
  life.reloads = new Reloads(async () => {
    reloader?.reload()
    return { outcome: ORDERED, report: () => undefined }
  })
  const { log } = await createLog(command.logLevel, command.logFormat)
  life.log = log
  logUnhandledRejections(log)

  const balancer = new ConnectionBalancer({ ...command.options, log })
  const address = await balancer.open()
  const failures = await openFailureServer(address, { ...command.options, tls })
  const watch = new FileWatch((path) => reloader?.changed(relative('', path)), watchFailure(log))
  const channels = await masterChannels(command.channels, log)
  const parts = { balancer, address, watch, failures, channels, log, ...partsOf(command) }
  await new Promise<void>((onFirst) => {
    reloader = new Reloader({ ...parts, onFirst })
    process.once('exit', () => reloader?.kill())
    life.close = async () => {
      watch.close()
      await balancer.close()
      await reloader?.close()
      await failures.close()
      await channels?.close()
      return { forced: false }
    }
    watchApps(command, watch)
    reloader.start()
  })
  if (life.isEnding) return
  life.handleExceptions()
  life.handleReloads()
  process.stdout.write(`isthmus listening on ${urlOf(address, tls ? 'https' : 'http')}\n`)
}

// The result is in the log, and in the page of the browser.
const ORDERED: ReloadOutcome = { workers: 1, pools: 0, errors: [] }

function refuseWorkers({ workers: { workers } }: ServeCommand): void {
  if (workers === null || workers === 1) return
  throw new InvalidOptionError(
    '--reload is for development and has one process; leave --workers out',
  )
}

function partsOf({
  app,
  mounts,
  control,
  metrics,
}: ServeCommand): Pick<ReloaderParts, 'typescript' | 'inspector' | 'minThreads' | 'isExclusive'> {
  const specs = [app, ...mounts.map(([, mounted]) => mounted)]
  // The event loop does not import these apps, so a thread has to show that they load.
  const isInThreads = specs.some(
    (spec) => spec.place === 'threads' || ('style' in spec && spec.style === 'sync'),
  )
  const inspector = takeInspector(wordsOfNode())
  const takesPort = inspector !== null || (metrics !== null && 'port' in metrics)
  return {
    inspector,
    typescript: 'file' in app && /\.[cm]?tsx?$/.test(app.file) ? resolve(app.file) : '',
    minThreads: isInThreads ? 1 : 0,
    isExclusive: control !== null || takesPort,
  }
}

function wordsOfNode(): string[] {
  return [...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/), ...process.execArgv]
}

// The files of JavaScript are watched when they are loaded; the app itself is watched even if it is not there yet.
function watchApps(command: ServeCommand, watch: FileWatch): void {
  const { app, mounts, config, configFile, python, reload } = command
  const specs = [app, ...mounts.map(([, mounted]) => mounted)]
  const files = specs.flatMap((spec) => ('file' in spec ? [resolve(spec.file)] : []))
  watch.add(files)
  watch.add(files.flatMap((file) => SETTINGS.flatMap((name) => nearest(name, dirname(file)))))
  if (configFile !== null) watch.add([resolve(configFile)])
  else if (config !== false) watch.add(CONFIG_NAMES.map((name) => resolve(name)))
  for (const pattern of reload.reloadInclude) {
    watch.addTree({ folder: resolve(''), matches: globTest(pattern) })
  }
  if (!specs.some(({ place }) => place === 'python')) return
  watch.addTree({ folder: resolve(python.cwd ?? ''), matches: globTest('**/*.py') })
}

// Node and tsx read the nearest of each: the "type" of the modules, and the options of the compiler.
function nearest(name: string, folder: string): string[] {
  const [file, above] = [join(folder, name), dirname(folder)]
  return existsSync(file) || above === folder ? [file] : [file, ...nearest(name, above)]
}

const SETTINGS = ['package.json', 'tsconfig.json']

function watchFailure(log: Log): (error: Error) => void {
  return (error) => log.warn({ err: error }, 'a folder cannot be watched: its files need a restart')
}
