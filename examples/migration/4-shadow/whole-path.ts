// A mount takes its prefix off the path of an app. The shop is an app that knows its routes by their whole path.

import { eventWrap } from 'isthmus/middleware'
import type { EventWrap } from 'isthmus/middleware'

/** Gives the app the whole path, also below a mount. */
export const wholePath: EventWrap = eventWrap((app) => (scope, receive, send) => {
  const outer = scope.type === 'lifespan' ? scope : { ...scope, rootPath: '' }
  return app(outer, receive, send)
})
