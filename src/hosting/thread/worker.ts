// The first module of a pool thread: loads the app, then serves the messages of the pool.

import { getPriority, setPriority } from 'node:os'
import { workerData } from 'node:worker_threads'
import { startLifespan } from '../../async/lifespan.ts'
import { waitingStderrStream } from '../../sync/errors-stream.ts'
import { becomeHost } from '../../bridge/request-context.ts'
import { boundOutput } from './bounded-output.ts'
import { EventHost } from './event-host.ts'
import { EventLink } from './event-link.ts'
import { hostedLog } from './exchange-context.ts'
import { HostChannels } from './host-channels.ts'
import { loadTarget } from './load-target.ts'
import { fromCells } from '../protocol/cells.ts'
import { AnswerRing } from '../protocol/answer-ring.ts'
import { Doorbell } from '../protocol/doorbell.ts'
import { toErrorData } from '../protocol/error-data.ts'
import { SyncHost } from './sync-host.ts'
import { ThreadLink } from './thread-link.ts'
import type { Log } from '../../contract/log.ts'
import type { Cells } from '../protocol/cells.ts'
import type { ToHost } from '../protocol/messages.ts'
import type { LoadedApp } from '../load-app.ts'
import type { ThreadData } from '../protocol/thread-data.ts'

const THIS_THREAD = 0
const LOWEST_PRIORITY = 19

const {
  port,
  target,
  bell,
  answers,
  channels: channelsData,
  ...settings
} = taken(workerData as ThreadData)
const { multiprocess, nice, shutdownTimeoutMs } = settings
const link = new ThreadLink(port, new Doorbell(bell), new AnswerRing(answers))
const log = flushed(hostedLog(link))
boundOutput(process.stdout, 'stdout', log)
boundOutput(process.stderr, 'stderr', log)
const channels = new HostChannels(link, channelsData, log)

becomeHost()
try {
  const loaded = await loadTarget(target, log)
  const host = await hostOf(loaded)
  // Loading runs at full priority: the start of the server waits for the first thread.
  lowerPriority(nice)
  port.on('message', (cells: Cells) => host.take(fromCells<ToHost>(cells)))
  link.post({ type: 'loaded', runs: loaded.runs, error: null })
} catch (error) {
  link.post({ type: 'loaded', runs: 'inTurn', error: toErrorData(error) })
}
link.flush()

async function hostOf(loaded: LoadedApp): Promise<SyncHost | EventHost> {
  if (loaded.runs === 'inTurn') {
    const errors = waitingStderrStream
    return new SyncHost(loaded.app, link, { multiprocess, errors }, channels)
  }
  const { app } = loaded
  const eventLink = new EventLink(link)
  const eventLog = hostedLog(eventLink)
  const lifespan = await startLifespan(app, {
    mode: 'auto',
    log: eventLog,
    shutdownTimeoutMs,
    channels: channels.current,
  })
  return new EventHost(lifespan, { app, link: eventLink, log: eventLog, hostChannels: channels })
}

// The app finds `workerData` empty: it reaches neither the port nor the memory of the pool.
function taken(data: ThreadData): ThreadData {
  const copy = { ...data }
  for (const key of Object.keys(data)) Reflect.deleteProperty(data, key)
  return copy
}

// A line about the thread itself leaves at once.
function flushed(log: Log): Log {
  const warn: Log['warn'] = (fields, message) => {
    log.warn(fields, message)
    link.flush()
  }
  return { ...log, warn }
}

// On Linux only: on other systems the processes have priorities, and not their threads.
function lowerPriority(steps: number): void {
  if (process.platform !== 'linux' || steps === 0) return
  try {
    setPriority(THIS_THREAD, Math.min(getPriority(THIS_THREAD) + steps, LOWEST_PRIORITY))
  } catch {
    // A sandbox may forbid this. The thread then runs at the priority of the event loop.
  }
}
