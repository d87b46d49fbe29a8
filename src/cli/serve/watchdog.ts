// A thread beside the event loop of a worker, which ends the process when the event loop stands still.

import { url } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import type { Log } from '../../contract/log.ts'
import type { ProcessOptions } from '../options-table.ts'

/** The input of the thread. */
export interface WatchdogData {
  /** That of the beats. */
  readonly state: Int32Array<SharedArrayBuffer>
  /** The process id of the master, which limits the time of a start. */
  readonly masterPid: number
  /** The time after which the process is ended. */
  readonly timeoutMs: number
  readonly logFormat: ProcessOptions['logFormat']
  readonly fields: Readonly<Record<string, unknown>>
}

/** The heap of the thread, in MiB. It has a timer, and the log at the end. */
const HEAP_MB = 32

/**
 * Watches the event loop of this process until the process ends. A start is limited only if the master has ended. A process
 * with a debugger is not watched: it stands still at a breakpoint.
 *
 * @param log tells that the watch itself has failed
 */
export function startWatchdog(data: WatchdogData, log: Log): void {
  if (url() !== undefined) return
  const thread = new Worker(threadUrl(), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    // The modules that the app preloads are not for it.
    execArgv: [],
  })
  thread.unref()
  thread.on('error', (err) => log.error({ err }, 'the watch of the event loop has ended'))
}

// The sources run in the tests alone.
function threadUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  const path = isSource ? '../../../dist/cli/serve/watchdog-thread.js' : './watchdog-thread.js'
  return new URL(path, import.meta.url)
}
