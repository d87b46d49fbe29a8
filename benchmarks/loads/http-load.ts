// The load of the HTTP scenarios: wrk where it is installed, else autocannon.

import { autocannonLoad } from './autocannon.ts'
import { wrkLoad, wrkVersion } from './wrk.ts'

/** What every connection asks for, over and over. */
export interface HttpRequest {
  path: string
  /** `Name: value` */
  headers: readonly string[]
  /** Bytes of a POST; 0 is a GET. */
  bodyBytes: number
  /** Keep-alive connections, each with one request at a time. */
  connections: number
}

/** What a load achieved, and how long a response took. */
export interface Throughput {
  requests: number
  perSecond: number
  p50Ms: number
  p99Ms: number
}

/**
 * Asks for `seconds`.
 *
 * @throws Error when a request fails: no row is made of errors
 */
export type HttpLoad = (url: string, request: HttpRequest, seconds: number) => Promise<Throughput>

/** The load there is, and its name for the report. */
export function chooseHttpLoad(): { load: HttpLoad; name: string; note: string | undefined } {
  const version = wrkVersion()
  if (version !== undefined) return { load: wrkLoad, name: `wrk ${version}`, note: undefined }
  const note =
    'load: autocannon, which may be slower than the servers: then req/s says little, and the CPU time still does ' +
    '(Debian: apt-get install wrk)'
  return { load: autocannonLoad, name: 'autocannon', note }
}
