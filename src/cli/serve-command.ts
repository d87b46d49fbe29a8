// isthmus serve: load, listen, say so, and stay until a signal.

import { loadApp } from '../bridge/load-app.ts'
import { mount } from '../bridge/mount.ts'
import { accessLog } from '../middleware/access-log.ts'
import { serve } from '../server/serve.ts'
import { watchThreads } from './exit.ts'
import { endWithSignals, logUnhandledRejections } from './lifecycle.ts'
import { createLog } from './log.ts'
import { readTls } from './tls-files.ts'
import type { EventApp } from '../contract/events.ts'
import type { ServeCommand } from './args.ts'

/** Resolves once the server listens and `isthmus listening on …` is on stdout; from then on signals rule. */
export async function serveCommand(command: ServeCommand): Promise<void> {
  const { log } = await createLog(command.logLevel, command.logFormat)
  logUnhandledRejections(log)
  watchThreads()

  const app = await loadMounted(command)
  const logged = command.accessLog ? accessLog()(app) : app
  const inlineThreads = command.threads === 0
  const tls = readTls(command)
  const server = await serve(logged, { ...command.options, inlineThreads, tls, log })

  endWithSignals(server, log)
  process.stdout.write(`isthmus listening on ${server.url}\n`)
}

// One after the other, so that the first one to fail is the one that is reported.
async function loadMounted(command: ServeCommand): Promise<EventApp> {
  const root = await loadApp(command.app, command.threads)
  if (command.mounts.length === 0) return root

  const table: Record<`/${string}`, EventApp> = { '/': root }
  for (const [path, spec] of command.mounts) table[path] = await loadApp(spec, command.threads)
  return mount(table)
}
