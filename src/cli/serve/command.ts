// isthmus serve: loads the app, listens, prints the ready line, and runs until a signal.

import { accessLog } from '../../middleware/access-log.ts'
import { serve } from '../../server/serve.ts'
import { watchThreads } from '../exit.ts'
import { loadMounted } from '../load-mounted.ts'
import { endWithSignals, logUnhandledRejections } from './lifecycle.ts'
import { createLog } from './log.ts'
import { readTls } from './tls-files.ts'
import type { ServeCommand } from '../args.ts'

/** Resolves when the server listens and `isthmus listening on …` is on stdout. Then a signal ends the process. */
export async function serveCommand(command: ServeCommand): Promise<void> {
  const { log } = await createLog(command.logLevel, command.logFormat)
  logUnhandledRejections(log)
  watchThreads()

  const app = await loadMounted(command)
  const logged = command.accessLog ? accessLog()(app) : app
  const sync = { ...command.options.sync, inlineThreads: command.threads === 0 }
  const tls = readTls(command)
  const server = await serve(logged, { ...command.options, sync, tls, log })

  endWithSignals(server, log)
  process.stdout.write(`isthmus listening on ${server.url}\n`)
}
