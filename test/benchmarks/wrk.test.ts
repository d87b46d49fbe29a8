// The output of wrk, read.

import { describe, expect, it } from 'vitest'
import { throughputOf } from '../../benchmarks/loads/autocannon.ts'
import { parseWrk } from '../../benchmarks/loads/wrk.ts'

const OUTPUT = `Running 5s test @ http://127.0.0.1:8000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   365.93us   98.13us   5.39ms   96.48%
    Req/Sec    87.62k     3.31k   91.35k    88.24%
  Latency Distribution
     50%  351.00us
     75%  400.00us
     90%    1.02ms
     99%    2.50ms
  444567 requests in 5.10s, 79.28MB read
Requests/sec:  87170.11
Transfer/sec:     15.54MB
`

describe('parseWrk', () => {
  it('takes the requests, their rate and two percentiles', () => {
    expect(parseWrk(OUTPUT)).toEqual({
      requests: 444_567,
      perSecond: 87_170.11,
      p50Ms: expect.closeTo(0.351, 6) as number,
      p99Ms: 2.5,
    })
  })

  it('takes a percentile above a second, which wrk ends with a space', () => {
    expect(parseWrk(OUTPUT.replace('2.50ms', '1.52s ')).p99Ms).toBe(1_520)
  })

  it.each(['Socket errors: connect 0, read 3, write 0, timeout 0', 'Non-2xx or 3xx responses: 7'])(
    'does not count failures as work: %s',
    (line) => {
      const output = OUTPUT.replace('Requests/sec', `  ${line}\nRequests/sec`)
      expect(() => parseWrk(output)).toThrow(`wrk: ${line}`)
    },
  )

  it('refuses a run without a single request', () => {
    const output = OUTPUT.replace('444567', '0').replace('87170.11', '0.00')
    expect(() => parseWrk(output)).toThrow('wrk: not one request was answered')
  })

  it('refuses text that wrk did not print', () => {
    expect(() => parseWrk('')).toThrow('wrk answered nothing that can be read: ""')
  })
})

describe('throughputOf autocannon', () => {
  const latency = { p50: 1, p99: 3 } as Parameters<typeof throughputOf>[0]['latency']
  const clean = { errors: 0, timeouts: 0, non2xx: 0, '2xx': 100, latency }

  it('takes the requests, their rate and two percentiles', () => {
    expect(throughputOf(clean, 2)).toEqual({ requests: 100, perSecond: 50, p50Ms: 1, p99Ms: 3 })
  })

  it.each([{ errors: 1 }, { timeouts: 1 }, { non2xx: 1 }])(
    'does not count failures as work: %o',
    (failure) => {
      expect(() => throughputOf({ ...clean, ...failure }, 2)).toThrow('autocannon: ')
    },
  )

  it('refuses a run without a single answer', () => {
    expect(() => throughputOf({ ...clean, '2xx': 0 }, 2)).toThrow('nothing was answered')
  })
})
