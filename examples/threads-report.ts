// The app that threads.ts hosts: one second of arithmetic without an `await`. Each thread loads this module for itself.

import { sync } from 'isthmus'
import type { SyncApp } from 'isthmus'

const app: SyncApp = sync(function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  const end = Date.now() + 1000
  let sum = 0
  while (Date.now() < end) sum += Math.random()
  yield `The sum of many random numbers: ${sum.toFixed(0)}\n`
})

export default app
