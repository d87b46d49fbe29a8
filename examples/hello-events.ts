// An event app, as in ASGI 3: the events of a request come from `receive`, the events of the response go to `send`.
//
//   npx isthmus serve examples/hello-events.ts

import { UnsupportedScopeError, events } from 'isthmus'
import type { EventApp } from 'isthmus'

const app: EventApp = events(async (scope, _receive, send) => {
  if (scope.type !== 'http') throw new UnsupportedScopeError(scope.type)

  await send({
    type: 'http.response.start',
    status: 200,
    headers: [['content-type', 'text/plain']],
  })
  await send({ type: 'http.response.body', body: `Hello, ${scope.path}\n` })
})

export default app
