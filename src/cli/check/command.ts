// isthmus check: tries the options of isthmus serve, and prints the place and the hosting of each app, without serving.

import { createServer } from 'node:net'
import { listen } from '../../server/listen.ts'
import { resolveOptions } from '../../server/resolve-options.ts'
import { SILENT_LOG } from '../../silent-log.ts'
import { urlOf } from '../../server/url-of.ts'
import { aligned } from '../aligned.ts'
import { FAILED } from '../report-failure.ts'
import { checkMounts } from './mounts.ts'
import { checkRequests, hasFailed } from './requests.ts'
import type { ServeOptions } from '../../server/options.ts'
import type { ServeCommand } from '../args.ts'
import type { CheckedMount } from './mounts.ts'
import type { CheckedRequest } from './requests.ts'

/** The parts that `isthmus serve` makes of its options. */
interface CheckedParts {
  /** The certificates. */
  readonly tls: ServeOptions['tls']
  readonly asJson: boolean
  /** The paths to ask for; without one, no app is started. */
  readonly requests: readonly string[]
}

/**
 * Loads the apps, listens for a moment at the place of the server, and prints a table. Rejects with the first failure, which is
 * that of `isthmus serve`.
 */
export async function checkCommand(command: ServeCommand, parts: CheckedParts): Promise<void> {
  const { tls, asJson, requests: paths } = parts
  resolveOptions({ ...command.options, tls }, SILENT_LOG)
  const mounts = await checkMounts(command)
  const url = await freePlace(command, tls ? 'https' : 'http')
  const workers = command.workers.workers ?? 1
  const requests = await checkRequests(command, paths, mounts)
  const result = { config: command.configFile, url, workers, mounts, requests }
  process.stdout.write(asJson ? `${JSON.stringify(result)}\n` : `${textOf(result).join('\n')}\n`)
  // A module may keep the process alive, with a timer or a connection to a database.
  process.exit(requests.some(hasFailed) ? FAILED : 0)
}

async function freePlace({ options }: ServeCommand, scheme: string): Promise<string> {
  // The parent process alone can tell whether its descriptor listens.
  if (options.fd !== null) return `the descriptor ${options.fd}`
  const server = createServer()
  const address = await listen(server, { ...options, log: SILENT_LOG })
  await new Promise((resolve) => server.close(resolve))
  return urlOf('port' in address ? { ...address, port: options.port } : address, scheme)
}

interface Checked {
  config: string | null
  url: string
  workers: number
  mounts: CheckedMount[]
  requests: CheckedRequest[]
}

function textOf({ config, url, workers, mounts, requests }: Checked): string[] {
  const head = [
    ['configuration', config ?? 'none'],
    ['listens on', url],
    ['workers', String(workers)],
  ]
  const rows = mounts.map(({ path, app, style, hosting }) => [path, app, style, hosting])
  const table = aligned([['path', 'app', 'style', 'runs in'], ...rows], 4)
  return [...aligned(head, 2), '', ...table, ...requests.flatMap(linesOf)]
}

function linesOf({ path, mount, status, ms, errors }: CheckedRequest): string[] {
  return ['', `GET ${path} ${status} in ${ms} ms, by the app at ${mount}`, ...errors]
}
