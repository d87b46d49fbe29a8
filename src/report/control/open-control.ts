// The control socket of a server: HTTP over a unix socket that the user of the process alone can open.

import { serve } from '../../server/serve.ts'
import { controlApp } from './control-app.ts'
import type { Server } from '../../server/serve.ts'
import type { Controlled } from './controlled.ts'

const OWNER_ONLY = 0o600
const LONGEST_BODY = 64 * 1024

/**
 * Listens on the unix socket at `path`, on the event loop of the server that it controls. The caller closes it.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a path that is too long, or the system's error:
 *   `EADDRINUSE` if a process listens there, or if the file is no socket
 */
export function openControl(path: string, controlled: Controlled): Promise<Server> {
  return serve(controlApp(controlled), {
    uds: path,
    udsMode: OWNER_ONLY,
    maxBodyBytes: LONGEST_BODY,
    drainIdleMs: 0,
    log: controlled.log,
  })
}
