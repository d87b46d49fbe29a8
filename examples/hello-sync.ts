// A sync app, as in PEP 3333. It may block: the command line hosts it in worker threads.
//
//   npx isthmus serve examples/hello-sync.ts

import { sync } from 'isthmus'
import type { SyncApp } from 'isthmus'

const app: SyncApp = sync(function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  yield `Hello, ${environ.PATH_INFO}\n`
})

export default app
