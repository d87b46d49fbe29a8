// The load of the HTTP scenarios: wrk if it is installed, else autocannon.

import { autocannonLoad } from './autocannon.ts'
import { wrkLoad, wrkVersion } from './wrk.ts'
import type { HttpLoad } from './http-request.ts'

/** The load that this machine has, and its name for the report. */
export function chooseHttpLoad(): { load: HttpLoad; name: string; note: string | undefined } {
  const version = wrkVersion()
  if (version !== undefined) return { load: wrkLoad, name: `wrk ${version}`, note: undefined }
  const note =
    'load: autocannon, which may be slower than the servers: then req/s says little, and the CPU time still does ' +
    '(Debian: apt-get install wrk)'
  return { load: autocannonLoad, name: 'autocannon', note }
}
