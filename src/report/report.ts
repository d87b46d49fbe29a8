// report(): the page of the report, and the report as JSON, at a path of the server.

import { figuresOf } from '../async/exchange-context.ts'
import { completeOptions } from '../complete-options.ts'
import { SILENT_LOG } from '../silent-log.ts'
import { answering, NO_FIGURES } from './answer.ts'
import { controlApp } from './control/control-app.ts'
import { migrationsOf } from './control/migrations-of.ts'
import { pageApp } from './page-app.ts'
import { snapshot } from './snapshot.ts'
import type { EventApp } from '../contract/events.ts'
import type { Figures } from '../figures/figures.ts'
import type { Log } from '../contract/log.ts'

/** The options of {@link report}. */
export interface ReportOptions {
  /** Whether the page may set the share of a migration, and roll it back. Default false: the page is read only. */
  control?: boolean | undefined
}

const DEFAULTS = { control: false }

/**
 * Makes an app for a mount table that shows the report of its server: the page at its path, and `report.json` below it.
 * The server needs the option `figures`; without it `report.json` is 503. Everybody that reaches the mount can read the
 * report: put {@link basicAuth} or another guard around it.
 *
 * With `control` the page changes the shares of migrations. The changes come from the page itself or from a client that
 * is no browser; requests that another site makes a browser send are answered with 403.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an option that is unknown or no boolean
 *
 * @example
 * const operator = chain(basicAuth({ users: { operator: password } }))(report({ control: true }))
 * await serve(mount({ '/report': operator, '/': app }), { figures: true })
 */
export function report(options: ReportOptions = {}): EventApp {
  const { control } = completeOptions('report', options, DEFAULTS)
  return pageApp(ownReport, control)
}

const withoutFigures = answering(async () => NO_FIGURES)

/** Answers as the control socket of the server does. */
const ownReport: EventApp = async (scope, receive, send) => {
  const figures = scope.type === 'http' ? figuresOf(scope)?.server : undefined
  if (scope.type !== 'http' || !figures) return withoutFigures(scope, receive, send)
  const log = scope['isthmus.exchange']?.log ?? SILENT_LOG
  return controlOf(figures, log)(scope, receive, send)
}

function controlOf(figures: Figures, log: Log): EventApp {
  const { app, rootPath } = figures.facts
  return controlApp({
    report: () => snapshot(figures),
    migrations: migrationsOf(app, rootPath),
    state: null,
    by: 'the page of the report',
    log,
  })
}
