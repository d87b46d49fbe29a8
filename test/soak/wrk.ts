// wrk as the load. https://github.com/wg/wrk

import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

/** What a load achieved. */
export interface Throughput {
  requests: number
  perSecond: number
}

/** Whether `wrk` is installed. */
export function hasWrk(): boolean {
  return spawnSync('wrk', ['-v']).error === undefined
}

/** How wrk asks. */
interface WrkOptions {
  /** Keep-alive connections. */
  connections: number
  seconds: number
  /** `Name: value` of every request. */
  headers?: readonly string[]
  /** When an answer counts as failed. Default 2, which is wrk's own. */
  timeoutSeconds?: number
}

/** One thread of wrk. */
export async function wrk(
  url: string,
  { connections, seconds, headers = [], timeoutSeconds = 2 }: WrkOptions,
): Promise<Throughput> {
  const fields = headers.flatMap((field) => ['-H', field])
  const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', `${timeoutSeconds}s`]
  const { stdout } = await promisify(execFile)('wrk', [...words, ...fields, url], {
    timeout: (seconds + 10) * 1000,
  })
  return parseWrk(stdout)
}

/**
 * Reads what wrk prints.
 *
 * @throws Error when it reports failed requests, or nothing that can be read
 */
export function parseWrk(output: string): Throughput {
  const failures = /^ *(Socket errors|Non-2xx or 3xx responses): .*$/m.exec(output)
  if (failures) throw new Error(`wrk: ${failures[0].trim()}`)

  const requests = Number(/^ *(\d+) requests in /m.exec(output)?.[1])
  const perSecond = Number(/^Requests\/sec: +([\d.]+)$/m.exec(output)?.[1])
  if (requests > 0 && perSecond > 0) return { requests, perSecond }
  throw new Error(`wrk answered nothing that can be read: ${JSON.stringify(output)}`)
}
