// python(): a WSGI or ASGI app of Python in processes.

import { described } from '../bridge/app-facts.ts'
import { poolApp } from './gateway/pool-app.ts'
import { emptyLoad } from './gateway/pool-stats.ts'
import { processKind } from './gateway/process/process-kind.ts'
import { pythonSettings } from './gateway/process/python-settings.ts'
import type { EventApp } from '../contract/events.ts'
import type { HostedStats } from './gateway/pool-stats.ts'
import type { HostCounts } from './gateway/scheduler/hosts.ts'
import type { PythonOptions } from './gateway/process/python-settings.ts'

/** The load of the processes at one moment, and the totals since their pool was opened. */
export interface PythonStats extends HostedStats {
  /** The processes by their phase. */
  processes: HostCounts
}

/** An event app that runs in processes of Python. */
export type PythonApp = EventApp & {
  /** Returns the load of the processes at this moment and the totals since they were started. */
  stats(): PythonStats
  /**
   * Loads the app anew: each process is replaced when a new one has loaded the app. No request fails. Resolves when all
   * processes are new; resolves at once if none is there.
   *
   * @throws the error of a new process that could not load the app; the old processes stay
   */
  reload(): Promise<void>
}

/**
 * Hosts a WSGI or ASGI app of Python, unchanged: Flask, Django, FastAPI and others. Its processes are started with the server
 * and end with it.
 *
 * @param spec the app, as for gunicorn and uvicorn: `module:attribute`, or `module:factory()`. Without an attribute:
 *   `application`, or `app`
 * @returns an event app, for `mount`, `chain` and `serve`
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for another form of `spec`, an unknown option or an impossible
 *   value
 * @see PEP 3333; ASGI 3.0
 *
 * @example
 * mount({ '/live': live, '/': python('shop.wsgi:application', { processes: 4 }) })
 */
export function python(spec: string, options: PythonOptions = {}): PythonApp {
  const { process: own, ...settings } = pythonSettings(spec, options)
  const { app, pool } = poolApp({ ...settings, kind: processKind(own) })
  const stats = (): PythonStats => {
    const { hosts, ...load } = pool()?.stats() ?? emptyLoad()
    return { processes: hosts, ...load }
  }
  const reload = (): Promise<void> => pool()?.reload() ?? Promise.resolve()
  return described(Object.assign(app, { stats, reload }), 'python')
}
