// The requests of the control socket, for the apps report() and metrics(): the server that has the exchange answers them, or
// the master of all workers.

import { figuresOf } from '../../async/exchange-context.ts'
import { json } from '../answer.ts'
import { metricsAnswer } from '../metrics/metrics-answer.ts'
import { snapshot } from '../snapshot.ts'
import { controlAnswer } from './control-app.ts'
import { migrationsOf } from './migrations-of.ts'
import { ownMigrations } from './own-migrations.ts'
import type { ControlRequest } from '../../contract/control.ts'
import type { ExchangeContext, HttpScope } from '../../contract/events.ts'
import type { Report } from '../../contract/report.ts'
import type { ExchangeFigures } from '../../figures/exchange-figures.ts'
import type { Figures } from '../../figures/figures.ts'
import type { Answer } from '../answer.ts'

const BY = 'the page of the report'

/** Answers `request` for the server of `scope`, which has figures. */
export async function liveControl(
  scope: HttpScope,
  { method, path, body }: Pick<ControlRequest, 'method' | 'path' | 'body'>,
): Promise<Answer> {
  const { queryString } = scope
  const isRead = method === 'GET' || method === 'HEAD'
  // The other fields, such as cookies, concern the middleware of the app alone.
  const headers = scope.headers.filter(([name]) => name === 'content-type')
  const request: ControlRequest = { method, path, queryString, headers, body, by: BY }
  const { server } = figuresOf(scope) as ExchangeFigures
  const { log } = scope['isthmus.exchange'] as ExchangeContext
  if (!server.master) return controlAnswer(own(server, log, true), request)
  try {
    return await server.master.ask(request)
  } catch (error) {
    log.warn({ err: error }, 'the master has not answered: a report shows this worker alone')
    // A change in one of several workers is worse than none.
    if (!isRead) return json(503, { error: (error as Error).message })
    return controlAnswer(own(server, log, false), request)
  }
}

function own(
  server: Figures,
  log: ExchangeContext['log'],
  isComplete: boolean,
): Parameters<typeof controlAnswer>[0] {
  const { app, rootPath } = server.facts
  const report = (): Report => ({ ...snapshot(server), isComplete })
  const migrations = ownMigrations(migrationsOf(app, rootPath))
  const metrics = (): Promise<Answer> => metricsAnswer(report())
  return { report, metrics, migrations, reload: null, state: null, by: BY, log }
}
