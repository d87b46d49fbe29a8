// A new process, in which no AsyncLocalStorage was used before. The argument names the first user of one. Prints the value
// that a middleware sees after `next`.

import { AsyncLocalStorage } from 'node:async_hooks'
import { events } from '../../src/bridge/style.ts'
import { middleware } from '../../src/chain/middleware.ts'
import type { EventApp, HttpScope, Receive, Send } from '../../src/contract/events.ts'

const storage = new AsyncLocalStorage<string>()
const [who] = process.argv.slice(2)

const app: EventApp = async (_scope, _receive, send) => {
  await storage.run('of the app', async () => {
    await send({ type: 'http.response.start', status: 200 })
    await send({ type: 'http.response.body', body: 'hello' })
  })
}

const looking = middleware('looking', function* (request, next) {
  if (who === 'middleware') storage.enterWith('of the middleware')
  const response = yield* next(request)
  console.log(storage.getStore() ?? 'nothing')
  return response
})

const scope = { type: 'http', method: 'GET', path: '/', headers: [], state: {} } as unknown
const taken: Send = () => Promise.resolve()
const receive = (() => Promise.resolve({ type: 'http.disconnect' })) as unknown as Receive
const run = (): Promise<void> => looking(events(app))(scope as HttpScope, receive, taken)

await (who === 'server' ? storage.run('of the server', run) : run())
