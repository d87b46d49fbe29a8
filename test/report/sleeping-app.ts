// A sync app that really blocks its thread for 20 ms.

import { sync } from 'isthmus'
import type { SyncApp } from 'isthmus'

const memory = new Int32Array(new SharedArrayBuffer(4))

const app: SyncApp = sync((_environ, startResponse) => {
  Atomics.wait(memory, 0, 0, 20)
  startResponse('200 OK', [])
  return ['done']
})

export default app
