// h2load as the load of HTTP/2. Debian: apt-get install nghttp2-client.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** The request that each stream sends again and again. */
export interface StreamedRequest {
  path: string
  /** `Name: value` */
  headers: readonly string[]
  connections: number
  /** Requests at once on each connection. */
  streams: number
}

/** Whether `h2load` is installed. */
export function hasH2load(): boolean {
  return spawnSync('h2load', ['--version']).status === 0
}

/**
 * One thread of h2load for `seconds`.
 *
 * @throws Error when a request fails: no row is made of errors
 */
export async function h2load(
  url: string,
  { path, headers, connections, streams }: StreamedRequest,
  seconds: number,
): Promise<{ requests: number; perSecond: number }> {
  const fields = headers.flatMap((field) => ['-H', field])
  const most = ['-D', String(Math.max(1, Math.round(seconds))), '-t', '1']
  const words = [...most, '-c', String(connections), '-m', String(streams), ...fields, url + path]
  const child = spawn('h2load', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return parseH2load(output)
}

/**
 * Reads the output of h2load.
 *
 * @throws Error if h2load reports failed requests, or prints no results
 */
export function parseH2load(output: string): { requests: number; perSecond: number } {
  const counts = /^requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m.exec(
    output,
  )
  const [requests = 0, ...bad] = (counts ?? []).slice(1).map(Number)
  if (bad.some((count) => count > 0)) throw new Error(`h2load: ${counts?.[0]}`)
  const perSecond = Number(/^finished in .*, ([\d.]+) req\/s/m.exec(output)?.[1])
  if (requests > 0 && perSecond > 0) return { requests, perSecond }
  throw new Error(`h2load answered nothing that can be read: ${JSON.stringify(output)}`)
}
