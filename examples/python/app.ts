// A Flask app, a FastAPI app and a TypeScript app on one port, with one chain around all of them.

import { fileURLToPath } from 'node:url'
import { chain, mount, python } from 'isthmus'
import { middleware, requestId } from 'isthmus/middleware'
import { boardOf } from './board.ts'
import type { EventApp, PythonOptions } from 'isthmus'

const hosted: PythonOptions = {
  cwd: fileURLToPath(new URL('.', import.meta.url)),
  // The program of Python that has the packages; by default that of the environment in VIRTUAL_ENV, or python3.
  python: process.env['PYTHON'],
}
const shop = python('shop:app', { ...hosted, processes: 2 })
const api = python('api:app', { ...hosted, processes: 1 })

const serverTiming = middleware('server-timing', function* (request, next) {
  const startedAt = performance.now()
  const response = yield* next(request)
  response.headers.set('server-timing', `app;dur=${(performance.now() - startedAt).toFixed(1)}`)
  return response
})

const app: EventApp = chain(
  requestId(),
  serverTiming,
)(mount({ '/shop': shop, '/api': api, '/': boardOf({ shop, api }) }))

export default app
