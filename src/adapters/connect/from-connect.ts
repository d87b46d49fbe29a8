// fromConnect(): middleware of Connect and Express around an event app.

import { IncomingMessage } from 'node:http'
import { events, styleOf } from '../../bridge/style.ts'
import { AppError } from '../../errors.ts'
import { makersFor } from '../node/from-node.ts'
import { LayeredExchange } from './exchange.ts'
import { planOf } from './plan.ts'
import type { EventApp } from '../../contract/events.ts'
import type { ConnectErrorHandler, ConnectMiddleware } from './plan.ts'

/** @inline */
type ConnectWrap = (app: EventApp) => EventApp

/**
 * Makes an event wrap of middleware of Connect and Express, the first one outermost. It is an argument of `chain()`, or
 * a function that wraps an event app by itself. All its middleware share one `req` and one `res`; if each of them calls
 * `next()`, the app inside runs. WebSockets and lifespan pass unchanged.
 *
 * The app inside finds the request at `scope['isthmus.node'].req`, with the properties that middleware have added:
 * `session`, `user`, `body`. A changed `url` or `method` changes its scope. Fields that middleware set on `res` are added
 * to its response; of two fields with one name the app's wins, except for `Set-Cookie`, `Vary` and `Link`, which add up.
 *
 * A function with four parameters is an error handler. It gets the errors of the middleware before it; the ones after
 * the last ordinary middleware get the errors of the app too. Without an answer, an error with a `status` from 400 to 599
 * other than 500 is answered with that status; every other error is an error of the app.
 *
 * @param middleware functions `(req, res, next)`, Connect and Express apps, and error handlers
 *   `(error, req, res, next)`
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for an argument that is no function, and by the wrap, for an app that is
 *   not an event app
 * @example
 * const app = chain(accessLog(), fromConnect(helmet(), session({ secret })))(live)
 * @see https://github.com/senchalabs/connect#readme
 */
export function fromConnect(...middleware: readonly ConnectMiddleware[]): ConnectWrap
export function fromConnect(
  ...middleware: readonly [...middleware: ConnectMiddleware[], last: ConnectErrorHandler]
): ConnectWrap
export function fromConnect(
  ...middleware: ReadonlyArray<ConnectMiddleware | ConnectErrorHandler>
): ConnectWrap
export function fromConnect(
  ...middleware: ReadonlyArray<ConnectMiddleware | ConnectErrorHandler>
): ConnectWrap {
  const plan = planOf(middleware)
  const makers = makersFor(middleware.find(isExpress) ?? {})
  return function fromConnect(app) {
    const { style } = styleOf(app)
    if (style !== 'events') throw new AppError(notEvents(style))
    return events((scope, receive, send) => {
      if (scope.type !== 'http') return app(scope, receive, send)
      return new LayeredExchange({ plan, makers, app }, scope, [receive, send]).run()
    })
  }
}

function isExpress(middleware: ConnectMiddleware | ConnectErrorHandler): boolean {
  return (middleware as { request?: unknown }).request instanceof IncomingMessage
}

function notEvents(style: string): string {
  const solution =
    style === 'sync'
      ? 'fromConnect(…)(toEvents(app)) or fromConnect(…)(threads(…))'
      : 'chain(fromConnect(…))(app)'
  return `fromConnect(…) wraps an event app, and this app is of the style "${style}": ${solution}`
}
