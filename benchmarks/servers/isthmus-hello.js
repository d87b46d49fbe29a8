// isthmus: a hello as the first argument says: `events`, `inline` (sync) or `thread` (sync, in one thread); on the
// engine that the second one says.

import { events, serve, sync, threads } from 'isthmus'
import { ready } from './ready.js'
import hello from './sync-hello.js'

const HEADERS = [
  ['content-type', 'text/plain'],
  ['content-length', '13'],
]

const apps = {
  events: () =>
    events(async (scope, receive, send) => {
      if (scope.type !== 'http') return
      await send({ type: 'http.response.start', status: 200, headers: HEADERS })
      await send({ type: 'http.response.body', body: 'Hello, world\n' })
    }),
  inline: () => sync(hello),
  thread: () => threads(new URL('./sync-hello.js', import.meta.url), { max: 1 }),
}
const { url } = await serve(apps[process.argv[2]](), {
  port: 0,
  log: null,
  engine: process.argv[3],
})
ready(url)
