// An async-iterable app: the signature of a sync app, with `await`.
//
//   npx isthmus serve examples/hello-iterable.ts

import { setTimeout } from 'node:timers/promises'
import { iterable } from 'isthmus'
import type { IterableApp } from 'isthmus'

const app: IterableApp = iterable(async function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  for (const word of ['Hello, ', environ.PATH_INFO, '\n']) {
    await setTimeout(100)
    yield word
  }
})

export default app
