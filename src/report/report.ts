// report(): an app that shows the figures of its server.

import { figuresOf } from '../async/exchange-context.ts'
import { refuseScope } from '../bridge/refuse-scope.ts'
import { completeOptions } from '../complete-options.ts'
import { answering, noFigures } from './answer.ts'
import { liveControl } from './control/live-control.ts'
import { pageApp } from './page-app.ts'
import type { Complete } from '../complete-options.ts'
import type { EventApp } from '../contract/events.ts'

/** The options of {@link report}. */
export interface ReportOptions {
  /**
   * Whether the page changes the share of a migration, and takes it back to the old app. Requests of pages of another
   * origin are refused. Default false.
   */
  control?: boolean | undefined
}

const DEFAULTS: Complete<ReportOptions> = { control: false }

/**
 * Makes an app for a mount table that shows the figures of its server: a page, and `report.json` below it. The server needs
 * the option `figures`; without it the answer is 503. The app asks for no password: each client that reaches the mount can
 * read the figures, and change migrations with `control`.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for an unknown option or an impossible value
 *
 * @example
 * const operators = chain(basicAuth({ verify }))(report({ control: true }))
 * await serve(mount({ '/report': operators, '/': app }), { figures: true })
 */
export function report(options: ReportOptions = {}): EventApp {
  const { control } = completeOptions('report', options, DEFAULTS)
  const page = pageApp(liveReport, control)
  return async function reportApp(scope, receive, send) {
    if (scope.type !== 'http') return refuseScope(scope, receive, send)
    const hasFigures = figuresOf(scope) !== undefined
    return (hasFigures ? page : withoutFigures)(scope, receive, send)
  }
}

const withoutFigures = answering(async () => noFigures())

/** The requests of the control socket, for the server that has the exchange. */
const liveReport = answering(async (scope, body) => {
  const { method, path } = scope
  return liveControl(scope, { method, path, body: await body() })
})
