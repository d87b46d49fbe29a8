// autocannon as the load, for machines without wrk: npm installs it.

import autocannon from 'autocannon'
import type { HttpRequest, Throughput } from './http-request.ts'

const SAMPLE_MS = 50

/** autocannon, in this process, for `seconds`, which may be a fraction. */
export async function autocannonLoad(
  url: string,
  { path, headers, bodyBytes, connections }: HttpRequest,
  seconds: number,
): Promise<Throughput> {
  const startedAt = performance.now()
  const result = await autocannon({
    url: url + path,
    connections,
    duration: seconds,
    // autocannon ends between two samples, and takes one sample a second by default.
    sampleInt: SAMPLE_MS,
    headers: Object.fromEntries(headers.map(nameAndValue)),
    method: bodyBytes > 0 ? 'POST' : 'GET',
    ...(bodyBytes > 0 && { body: 'x'.repeat(bodyBytes) }),
  })
  return throughputOf(result, (performance.now() - startedAt) / 1000)
}

type Result = Pick<autocannon.Result, 'errors' | 'timeouts' | 'non2xx' | '2xx' | 'latency'>

/** @throws Error when requests failed, or none was answered */
export function throughputOf(result: Result, seconds: number): Throughput {
  const { errors, timeouts, non2xx, '2xx': requests, latency } = result
  if (errors > 0 || timeouts > 0 || non2xx > 0) {
    throw new Error(`autocannon: ${errors} errors, ${timeouts} timeouts, ${non2xx} other than 2xx`)
  }
  if (requests === 0) throw new Error('autocannon: nothing was answered')
  return { requests, perSecond: requests / seconds, p50Ms: latency.p50, p99Ms: latency.p99 }
}

function nameAndValue(field: string): [string, string] {
  const colon = field.indexOf(': ')
  return [field.slice(0, colon), field.slice(colon + 2)]
}
