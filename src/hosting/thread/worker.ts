// The first module of a pool thread: loads the app, then serves what the pool sends.

import { parentPort, workerData } from 'node:worker_threads'
import { stderrStream } from '../../sync/errors-stream.ts'
import { loadTarget } from './load-target.ts'
import { fromCells } from '../protocol/cells.ts'
import { AnswerRing } from '../protocol/answer-ring.ts'
import { Doorbell } from '../protocol/doorbell.ts'
import { toErrorData } from '../protocol/error-data.ts'
import { standBack } from './niceness.ts'
import { SyncHost } from './sync-host.ts'
import { ThreadLink } from './thread-link.ts'
import type { MessagePort } from 'node:worker_threads'
import type { Cells } from '../protocol/cells.ts'
import type { ToHost } from '../protocol/messages.ts'
import type { ThreadData } from '../protocol/thread-data.ts'

const port = parentPort as MessagePort
const { target, bell, answers, multiprocess, nice } = workerData as ThreadData
const link = new ThreadLink(port, new Doorbell(bell), new AnswerRing(answers))

try {
  const app = await loadTarget(target)
  // Not before: whoever waits for the first thread waits for all that it loads.
  standBack(nice)
  const host = new SyncHost(app, link, { multiprocess, errors: stderrStream })
  port.on('message', (cells: Cells) => host.take(fromCells<ToHost>(cells)))
  link.post({ type: 'loaded', error: null })
} catch (error) {
  link.post({ type: 'loaded', error: toErrorData(error) })
}
link.flush()
