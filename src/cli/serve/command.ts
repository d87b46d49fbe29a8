// isthmus serve: load, listen, say so, and stay until a signal.

import { accessLog } from '../../middleware/access-log.ts'
import { serve } from '../../server/serve.ts'
import { watchThreads } from '../exit.ts'
import { endWithSignals, logUnhandledRejections } from './lifecycle.ts'
import { loadMounted } from '../load-mounted.ts'
import { createLog } from './log.ts'
import { readTls } from './tls-files.ts'
import type { ServeCommand } from '../args.ts'

/** Resolves once the server listens and `isthmus listening on …` is on stdout; from then on signals rule. */
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
