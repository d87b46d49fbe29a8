// A program that hosts a blocking app in worker threads, beside an app on the event loop, and serves both on one port.
//
//   node --import tsx examples/threads.ts
//
// http://127.0.0.1:8000/now answers at once, also while http://127.0.0.1:8000 computes for a second.

import { iterable, mount, serve, threads } from 'isthmus'

const now = iterable(async function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield `${new Date().toISOString()}\n`
})

const report = threads(new URL('./threads-report.ts', import.meta.url), { max: 2 })
const port = Number(process.env['PORT'] ?? 8000)
const server = await serve(mount({ '/now': now, '/': report }), { port })
console.log(`listening on ${server.url}`)
