// wrk as the load. https://github.com/wg/wrk

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { HttpRequest, Throughput } from './http-request.ts'

const LUA = fileURLToPath(new URL('post.lua', import.meta.url))
// The limit for a wrk that ignores the interruption.
const SPARE_SECONDS = 30
const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

/** The version of `wrk`; undefined if it is not installed. */
export function wrkVersion(): string | undefined {
  const { error, stdout } = spawnSync('wrk', ['-v'], { encoding: 'utf8' })
  if (error !== undefined) return undefined
  return /^wrk (?:debian\/)?([\w.]+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** One thread of wrk, for `seconds`, which may be a fraction. */
export async function wrkLoad(
  url: string,
  { path, headers, bodyBytes, connections, timeoutSeconds = 10 }: HttpRequest,
  seconds: number,
): Promise<Throughput> {
  const fields = headers.flatMap((field) => ['-H', field])
  const script = bodyBytes > 0 ? ['-s', LUA] : []
  const most = Math.ceil(seconds) + SPARE_SECONDS
  const limits = [`-d${most}s`, '--timeout', `${timeoutSeconds}s`, '--latency']
  const words = ['-t1', `-c${connections}`, ...limits, ...fields]
  const body = bodyBytes > 0 ? ['--', String(bodyBytes)] : []
  const child = spawn('wrk', [...words, ...script, url + path, ...body], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // wrk takes whole seconds only, and reports its results when it is interrupted.
  const timer = setTimeout(() => child.kill('SIGINT'), seconds * 1000)
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  clearTimeout(timer)
  return parseWrk(output)
}

/**
 * Reads the output of wrk.
 *
 * @throws Error if wrk reports failed requests, or prints no results
 */
export function parseWrk(output: string): Throughput {
  const failures = /^ *(Socket errors|Non-2xx or 3xx responses): .*$/m.exec(output)
  if (failures) throw new Error(`wrk: ${failures[0].trim()}`)

  const requests = Number(/^ *(\d+) requests in /m.exec(output)?.[1])
  const perSecond = Number(/^Requests\/sec: +([\d.]+)$/m.exec(output)?.[1])
  const [p50Ms, p99Ms] = [percentileMs(output, 50), percentileMs(output, 99)]
  if (requests > 0 && perSecond > 0 && p50Ms >= 0 && p99Ms >= 0) {
    return { requests, perSecond, p50Ms, p99Ms }
  }
  if (requests === 0) throw new Error('wrk: not one request was answered')
  throw new Error(`wrk answered nothing that can be read: ${JSON.stringify(output)}`)
}

function percentileMs(output: string, percent: number): number {
  const line = new RegExp(`^ +${percent}% +([\\d.]+)(us|ms|s|m) *$`, 'm').exec(output)
  return Number(line?.[1]) * (UNITS_MS[line?.[2] ?? ''] ?? NaN)
}
