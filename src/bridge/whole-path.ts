// wholePath(): an app below a mount that knows its routes by their whole path.

import { handOnFacts } from './app-facts.ts'
import { refuseForeign } from './foreign-app.ts'
import { toEvents } from './to-events.ts'
import type { EventApp, Receive, Scope, Send } from '../contract/events.ts'
import type { App } from './style.ts'

/**
 * Gives `app` the whole path of each request, also below a mount, which takes its prefix off: for one route of an old app in
 * {@link migrate}. `rootPath`, `SCRIPT_NAME` and `req.baseUrl` are those of the server then.
 *
 * @param app an app of any style
 * @param rootPath the option `rootPath` of the server. Default: empty
 * @returns an event app
 * @throws {@link AppError} (`ISTHMUS_APP_FAULT`) for an app that is none
 * @see ASGI, HTTP connection scope, `root_path`; PEP 3333, `SCRIPT_NAME`
 *
 * @example
 * mount({ '/orders': migrate({ from: wholePath(shop), to: orders }), '/': shop })
 */
export function wholePath(app: App, rootPath: string = ''): EventApp {
  refuseForeign(app, undefined, 'wholePath: ')
  const inner = toEvents(app)
  async function whole(scope: Scope, receive: Receive, send: Send): Promise<void> {
    const outer = scope.type === 'lifespan' ? scope : { ...scope, rootPath }
    return inner(outer, receive, send)
  }
  return handOnFacts(whole, app)
}
